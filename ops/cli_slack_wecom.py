"""`sluice slack` and `sluice wecom`: what an admin pastes or installs on the platform's side."""

from __future__ import annotations

import typer
from rich.console import Console

slack = typer.Typer(no_args_is_help=True, help="For the admin of a Slack workspace.")
wecom = typer.Typer(no_args_is_help=True, help="For the admin of a WeCom (企业微信) app.")
out = Console()
