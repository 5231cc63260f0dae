"""What `sluice doctor` asks of the chat platforms: may the app do all it needs, and can they reach this server?"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from slack_sdk import WebClient

from bot.platforms.slack_app import SCOPES
from bot.platforms.slack_errors import meaning, quiet
from bot.workspaces import Workspaces
from crm.settings import Settings
from ops.doctor_machine import is_public
from ops.finding import Finding

PATIENCE = 5.0  # seconds
PUBLIC = "Chat platforms can reach this server"
ANSWERS = "The public address leads to this server"


def address(settings: Settings) -> Iterator[Finding]:
    """Whether what platforms call is public, https, and us; nothing where no platform calls."""
    by_slack = settings.slack_signing_secret and not settings.slack_app_token.get_secret_value()
    if not (by_slack or settings.wecom_corp_id):
        yield Finding(PUBLIC, ok=True, cure="")
        return
    wrong = _wrong(settings.base_url)
    yield Finding(PUBLIC, ok=not wrong, cure=f"set SLUICE_BASE_URL to its public https address: {wrong}.")
    if settings.base_url:
        wrong = _elsewhere(settings.public_url)
        cure = f"SLUICE_BASE_URL, asked from here, {wrong}: look at name, certificate and what the proxy passes on."
        yield Finding(ANSWERS, ok=not wrong, cure=cure)


def _wrong(base_url: str) -> str:
    """Why platforms cannot call an address."""
    parts = urlsplit(base_url)
    if not base_url:
        return "it is not set"
    if parts.scheme != "https":
        return f"{base_url} is no https"
    return "" if is_public(parts.hostname or "") else f"{parts.hostname} is known on this network alone"


def _elsewhere(url: str) -> str:
    """What answers at an address instead of us."""
    try:
        answer = requests.get(f"{url}/healthz", timeout=PATIENCE)
    except (requests.RequestException, ValueError) as failure:
        return f"does not answer ({type(failure).__name__})"
    ours = answer.ok and '"status"' in answer.text
    return "" if ours else f"answers {answer.status_code}, and not as Sluice does"


def socket(settings: Settings) -> Iterator[Finding]:
    """Whether Socket Mode would connect, where an app token asks for it."""
    token = settings.slack_app_token.get_secret_value()
    if not token:
        return
    try:
        _slack(settings).apps_connections_open(app_token=token)
        cause = ""
    except Exception as error:  # noqa: BLE001 - the SDK lets anything through that a broken answer can cause
        cause = meaning(error).cause
    cure = f"Slack says {cause}: SLUICE_SLACK_APP_TOKEN is the app-level token (xapp-...) with connections:write."
    yield Finding("Slack opens a connection (Socket Mode)", ok=not cause, cure=cure)


def scopes(settings: Settings, workspaces: Workspaces) -> Iterator[Finding]:
    """Whether every Slack workspace has granted what the manifest asks for: an update of Sluice may ask for more."""
    for workspace in workspaces.all("slack"):
        wrong = _lacking(settings, workspace.secrets.get("bot_token", ""))
        yield Finding(f"Slack grants all that is needed ({workspace.name})", ok=not wrong, cure=wrong)


def _lacking(settings: Settings, token: str) -> str:
    try:
        told = _slack(settings, token).auth_test()
    except Exception as error:  # noqa: BLE001 - as above
        return f"Slack says {meaning(error).cause}: install the app again, so that its bot token is valid."
    headers = {name.lower(): value for name, value in told.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", ",".join(SCOPES)).split(",")}
    lacking = ", ".join(sorted({*SCOPES} - granted))
    cure = f"it lacks {lacking}: give Slack the manifest of sluice slack manifest again, and reinstall the app."
    return cure if lacking else ""


def _slack(settings: Settings, token: str | None = None) -> WebClient:
    return WebClient(token, settings.slack_api_url, int(PATIENCE), retry_handlers=[], logger=quiet)
