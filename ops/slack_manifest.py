"""The manifest that a Slack admin pastes to create the app: every address, scope, event and word that Sluice uses."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

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
    """The app's manifest as data; JSON is what Slack's page takes. With an app token it is one for Socket Mode.

    Raises: SettingsError when the public address is not one that Slack can reach.
    """
    base, socket = settings.public_url, bool(settings.slack_app_token.get_secret_value())
    public = base.startswith("https://")
    if not (public or socket):
        raise SettingsError("SLUICE_BASE_URL must be the https address at which Slack can reach Sluice.")
    events = {} if socket else {"request_url": f"{base}/slack/events"}
    searches = {"message_menu_options_url": f"{base}/slack/events"} if events else {}
    oauth: Json = {"redirect_urls": [f"{base}/slack/oauth_redirect"]} if public else {}
    made: Json = {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": _display(),
        "features": _features(settings.slack_command, events) | _links(base, public=public),
        "oauth_config": oauth | {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events | {"bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True} | events | searches,
            "org_deploy_enabled": True,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }
    _check(made)
    return made


def _links(base: str, *, public: bool) -> Json:
    """Links to leads are told in words only where they lead to us."""
    return {"unfurl_domains": [urlsplit(base).hostname]} if public else {}


def _display() -> Json:
    return {
        "name": "Sluice",
        "description": "Leads, follow-ups and reminders without leaving chat",
        "long_description": LONG,
        "background_color": "#1f3b4d",
    }


def _features(command: str, events: Json) -> Json:
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
                "name": "New lead from message",
                "type": "message",
                "callback_id": "message.new",
                "description": "Enter the customer that this message tells of",
            },
            {
                "name": "Log as follow-up",
                "type": "message",
                "callback_id": "message.log",
                "description": "Put this message on a lead's timeline",
            },
        ],
        "slash_commands": [
            {
                "command": command,
                **({"url": events["request_url"]} if events else {}),
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
    if any(len(url) > URL for url in made["oauth_config"].get("redirect_urls", ())):
        raise SettingsError(f"SLUICE_BASE_URL is too long for Slack, which takes {URL} characters.")
