"""`sluice slack` and `sluice wecom`: what an admin pastes or installs on the platform's side."""

from __future__ import annotations

from typing import Annotated

import typer
import yaml

from bot.contacts import Contacts
from bot.platforms.base import PlatformError
from crm.settings import SettingsError, load
from ops.cli_frame import AsJson, Org, open_database, organization, out, say, sentences
from ops.errors import StartError
from ops.slack_manifest import manifest
from ops.wecom_menu import install_menus

PLATFORMS = {"slack": "Slack workspace", "wecom": "WeCom app"}
slack = typer.Typer(no_args_is_help=True, help="For the admin of a Slack workspace.")
wecom = typer.Typer(no_args_is_help=True, help="For the admin of a WeCom (企业微信) app.")


@slack.callback()
def _slack() -> None:
    """For the admin of a Slack workspace."""


@wecom.callback()
def _wecom() -> None:
    """For the admin of a WeCom (企业微信) app."""


@slack.command("manifest")
def slack_manifest(as_json: AsJson = False) -> None:
    """Print the app manifest to paste at api.slack.com/apps, "From a manifest"."""
    with sentences():
        made = manifest(load())
        say(made, as_json, yaml.safe_dump(made, sort_keys=False, allow_unicode=True))


@slack.command("link")
def slack_link(org: Org = "", as_json: AsJson = False) -> None:
    """Print the address at which an admin connects a further Slack workspace; it is valid for a week."""
    from webhooks.slack_install import install_link

    with sentences():
        settings = load()
        if not settings.slack_client_id:
            raise SettingsError("SLUICE_SLACK_CLIENT_ID is missing: it is on the app's page, Basic Information.")
        link = install_link(settings, organization(open_database(), org))
        say({"link": link}, as_json, link)


@slack.command("compare")
def slack_compare(
    team: Annotated[str, typer.Option(help="Id of one workspace; every connected one without it.")] = "",
) -> None:
    """Compare colleagues and user groups with Slack now, as each night."""
    _compare("slack", team)


@wecom.command("menu")
def wecom_menu(
    app: Annotated[str, typer.Option(help="CORP/AGENT of one app; every connected app without it.")] = "",
    locale: Annotated[str, typer.Option(help="zh or en; the setting SLUICE_LOCALE without it.")] = "",
) -> None:
    """Put the menu under the app's chat, in place of the present one."""
    from ops.runtime import compose

    with sentences():
        settings = load()
        bot = compose(settings)
        try:
            done = install_menus(bot, app, locale=locale or settings.locale)
        except PlatformError as exc:
            raise StartError(f"WeCom refused: {exc.cause}") from None
        finally:
            bot.database.close()
        if not done:
            raise StartError(f"No WeCom app {app} is connected: put it into company.yaml and run sluice init.")
        out.print(f"The menu of {', '.join(done)} is installed.")


@wecom.command("compare")
def wecom_compare(
    app: Annotated[str, typer.Option(help="CORP/AGENT of one app; every connected app without it.")] = "",
) -> None:
    """Compare colleagues, departments and customers with WeCom now, as each night."""
    _compare("wecom", app)


def _compare(platform: str, only: str) -> None:
    """Raises StartError where the platform refuses, or nothing is connected."""
    from ops.runtime import compose

    with sentences():
        bot = compose(load())
        try:
            found = [each for each in bot.workspaces.all(platform) if only in ("", each.external_id)]
            refused = [cause for each in found for cause in Contacts(bot).compare(each)]
        finally:
            bot.database.close()
        if refused:
            raise StartError(f"{PLATFORMS[platform]} refused: {'; '.join(refused)}")
        if not found:
            raise StartError(f"No {PLATFORMS[platform]} {only} is connected.")
        out.print(f"{', '.join(each.external_id for each in found)}: compared.")
