"""`sluice slack` and `sluice wecom`: what an admin pastes or installs on the platform's side."""

from __future__ import annotations

import json
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bot.platforms.base import PlatformError
from crm.settings import SettingsError, load
from ops.slack_manifest import manifest
from ops.wecom_menu import install_menus

slack = typer.Typer(no_args_is_help=True, help="For the admin of a Slack workspace.")
wecom = typer.Typer(no_args_is_help=True, help="For the admin of a WeCom (企业微信) app.")
out = Console()


@slack.callback()
def _slack() -> None:
    """For the admin of a Slack workspace."""


@slack.command("manifest")
def slack_manifest() -> None:
    """Print the app's manifest, to be pasted at https://api.slack.com/apps (Create New App, From a manifest)."""
    try:
        typer.echo(json.dumps(manifest(load()), indent=2))
    except SettingsError as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(2) from None


@wecom.callback()
def _wecom() -> None:
    """For the admin of a WeCom (企业微信) app."""


@wecom.command("menu")
def wecom_menu(
    app: Annotated[str, typer.Option(help="CORP/AGENT of one app; every connected app without it.")] = "",
    locale: Annotated[str, typer.Option(help="zh or en; the setting SLUICE_LOCALE without it.")] = "",
) -> None:
    """Put the menu under the app's chat, in place of the present one."""
    from ops.runtime import compose  # noqa: PLC0415  (only here, so that other commands start fast)

    try:
        settings = load()
        bot = compose(settings)
    except SettingsError as exc:
        _stop(str(exc), 2)
    try:
        done = install_menus(bot, app, locale=locale or settings.locale)
    except PlatformError as exc:
        _stop(f"WeCom refused: {exc.cause}", 1)
    finally:
        bot.database.close()
    if not done:
        _stop(f"No WeCom app {app} is connected: see docs/wecom.md.", 2)
    out.print(f"Menu installed for {', '.join(done)}.")


def _stop(words: str, code: int) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(code)
