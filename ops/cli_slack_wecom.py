"""`sluice slack` and `sluice wecom`: what an admin pastes or installs on the platform's side."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from crm.settings import SettingsError, load
from ops.slack_manifest import manifest

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
