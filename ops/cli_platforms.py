"""`sluice slack` and `sluice wecom`: what an admin pastes or installs on the platform's side."""

from __future__ import annotations

from typing import Annotated, cast

import typer
import yaml

from bot.platforms.wecom import WeCom
from crm.settings import SettingsError, load
from ops.cli_frame import AsJson, Org, fail, open_database, organization, out, say, sentences
from ops.slack_manifest import manifest
from ops.wecom_menu import install_menu

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


@wecom.command("menu")
def wecom_menu(locale: Annotated[str, typer.Option(help="en or zh")] = "zh") -> None:
    """Install the app's menu in every connected WeCom app."""
    from ops.runtime import compose

    with sentences():
        bot = compose(load())
        installed = bot.workspaces.all("wecom")
        if not installed:
            fail("No WeCom app is connected: put it into company.yaml and run sluice init.", 2)
        for workspace in installed:
            install_menu(cast("WeCom", bot.platforms["wecom"]), workspace, locale=locale)
            out.print(f"The menu of {workspace.name} is installed.")
