"""The manifest that a Slack admin pastes to create the app: every address, scope, event and word that Sluice uses."""

from __future__ import annotations

from typing import Any

from bot.platforms.slack_app import EVENTS, SCOPES
from crm.settings import Settings, SettingsError

Json = dict[str, Any]
NAME, DESCRIPTION, LONG_DESCRIPTION, COMMAND, HINT, SHORTCUT, URL = 35, 140, (174, 4000), 32, 1000, 24, 1000
LONG = (
    "Sluice is a CRM that lives in your team's chat. Leads arrive as cards; take one with a tap, write one line after "
    "a call, and Sluice keeps the history, sets the reminder and tells you before a lead goes back to the pool. "
    "Managers see the funnel in their channel every day. Type /sluice help, or just write to the app."
)


def manifest(settings: Settings) -> Json:
    """The app's manifest as data; JSON is what Slack's page takes.

    Raises: SettingsError when the public address is not one that Slack can reach.
    """
    base = settings.public_url
    if not base.startswith("https://"):
        raise SettingsError("SLUICE_BASE_URL must be the https address at which Slack can reach Sluice.")
    events = f"{base}/slack/events"
    made: Json = {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": _display(),
        "features": _features(settings.slack_command, events),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}, "redirect_urls": [f"{base}/slack/oauth_redirect"]},
        "settings": {
            "event_subscriptions": {"request_url": events, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, "request_url": events, "message_menu_options_url": events},
            "org_deploy_enabled": True,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
    _check(made)
    return made


def _display() -> Json:
    return {
        "name": "Sluice",
        "description": "Leads, follow-ups and reminders without leaving chat",
        "long_description": LONG,
        "background_color": "#1f3b4d",
    }


def _features(command: str, events: str) -> Json:
    return {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "sluice", "always_online": True},
        "shortcuts": [
            {
                "name": "New lead",
                "type": "global",
                "callback_id": "lead.new",
                "description": "Enter a customer",
            },
            {
                "name": "New lead from this",
                "type": "message",
                "callback_id": "lead.new:2",
                "description": "Enter the customer that this message tells of",
            },
        ],
        "slash_commands": [
            {
                "command": command,
                "url": events,
                "description": "Work your leads: claim, log, remind, today, my, help",
                "usage_hint": "claim L-12 | log L-12 called, wants a quote | today | help",
                "should_escape": True,
            }
        ],
    }


def _check(made: Json) -> None:
    """Slack refuses a whole manifest for one text that is too long; only settings can make one so."""
    command = made["features"]["slash_commands"][0]["command"]
    if not command.startswith("/") or " " in command or len(command) > COMMAND:
        raise SettingsError(f"SLUICE_SLACK_COMMAND must begin with / and have at most {COMMAND} characters, no spaces.")
    if len(made["oauth_config"]["redirect_urls"][0]) > URL:
        raise SettingsError(f"SLUICE_BASE_URL is too long for Slack, which takes {URL} characters.")
