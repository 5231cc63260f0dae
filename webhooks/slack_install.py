"""Installing the app into a further workspace: Slack asks its admin, we get a token and keep it sealed.

The state that Slack hands back is sealed with our key, ten minutes valid, and tied to the browser by a cookie, so that
nobody can be made to install into somebody else's Sluice.
"""

from __future__ import annotations

import hmac
import json
import time
from html import escape
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from slack_sdk import WebClient
from slack_sdk.oauth import AuthorizeUrlGenerator
from sqlalchemy import select

from bot.app import Bot
from bot.platforms.base import PlatformError
from bot.platforms.slack_app import SCOPES
from bot.platforms.slack_errors import meaning, quiet
from crm import models
from crm.settings import Settings
from crm.vault import Vault, VaultError, fresh_key

log = structlog.get_logger()

COOKIE = "sluice-slack-state"
STATE_LIVES = 600
LINK_LIVES = 7 * 86_400
INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
LINK_NEEDED = "Several companies use this Sluice: ask its operator for your own installation link."
AGAIN = "This installation could not be finished: please start again from the installation link."
DECLINED = "Nothing was installed."
TAKEN = "This Slack workspace belongs to another company here: ask its admin, or the operator of this Sluice."


def install_link(settings: Settings, org_id: int) -> str:
    """An address, valid for a week, at which an admin connects a Slack workspace to that organization."""
    return f"{settings.public_url}{INSTALL}?link={_seal(settings, org_id)}"


def router(bot: Bot) -> APIRouter:
    """The two pages of the OAuth flow."""
    routes, flow = APIRouter(), Flow(bot)

    @routes.get("/install", include_in_schema=False)
    def install(link: str = "") -> Response:
        return flow.start(link)

    @routes.get("/oauth_redirect", include_in_schema=False)
    def redirect(request: Request, code: str = "", state: str = "") -> Response:
        return flow.finish(code, state, request.cookies.get(COOKIE, ""))

    return routes


class _Taken(Exception):
    """The workspace is connected to another organization."""


class Flow:
    """One installation, from the link to the sealed token."""

    def __init__(self, bot: Bot) -> None:
        self._bot, self._settings = bot, bot.settings
        self._redirect = bot.settings.public_url + REDIRECT
        self._url = AuthorizeUrlGenerator(
            client_id=bot.settings.slack_client_id, scopes=list(SCOPES), redirect_uri=self._redirect
        )

    def start(self, link: str) -> Response:
        """Send the admin to Slack, with a state that only this browser can bring back."""
        org_id = _open(self._settings, link, LINK_LIVES) if link else self._only_organization()
        if org_id is None:
            return _page(LINK_NEEDED, 403)
        state = _seal(self._settings, org_id)
        response = RedirectResponse(self._url.generate(state), 302)
        secure = self._settings.public_url.startswith("https:")
        response.set_cookie(COOKIE, state, STATE_LIVES, secure=secure, httponly=True, samesite="lax", path="/slack")
        return response

    def finish(self, code: str, state: str, cookie: str) -> Response:
        """Trade Slack's code for a token and connect the workspace."""
        org_id = _open(self._settings, state, STATE_LIVES)
        if org_id is None or not hmac.compare_digest(state.encode(), cookie.encode()):
            return _page(AGAIN, 400)
        if not code:
            return _page(DECLINED, 200)
        try:
            name = self._connect(org_id, code)
        except _Taken:
            return _page(TAKEN, 409)
        except PlatformError as error:
            log.warning("slack.install_failed", cause=error.cause)
            return _page(AGAIN, 400)
        done = _page(f"{name} is connected. Open Slack and type {self._settings.slack_command} help.", 200)
        done.delete_cookie(COOKIE, path="/slack")
        return done

    def _connect(self, org_id: int, code: str) -> str:
        granted = self._trade(code)
        place = granted.get("team") or granted.get("enterprise") or {}
        known = self._bot.workspaces.find("slack", str(place["id"]))
        if known is not None and known.org_id != org_id:
            raise _Taken
        config = {
            "bot_user_id": granted.get("bot_user_id"),
            "app_id": granted.get("app_id"),
            "installed_by": (granted.get("authed_user") or {}).get("id"),
        }
        self._bot.workspaces.install(
            org_id=org_id,
            platform="slack",
            external_id=str(place["id"]),
            name=str(place.get("name", "")),
            secrets={"bot_token": str(granted["access_token"])},
            config=config,
        )
        return str(place.get("name") or place["id"])

    def _trade(self, code: str) -> dict[str, Any]:
        client = WebClient(base_url=self._settings.slack_api_url, timeout=8, retry_handlers=[], logger=quiet)
        secret = self._settings.slack_client_secret.get_secret_value()
        try:
            granted = client.oauth_v2_access(
                client_id=self._settings.slack_client_id, client_secret=secret, code=code, redirect_uri=self._redirect
            )
        except Exception as error:  # noqa: BLE001 - the SDK lets anything through that a broken answer can cause
            raise meaning(error) from None
        return dict(granted.data) if isinstance(granted.data, dict) else {}

    def _only_organization(self) -> int | None:
        with self._bot.database.begin() as uow:
            found = uow.session.scalars(select(models.Organization.id).limit(2)).all()
        return found[0] if len(found) == 1 else None


def _seal(settings: Settings, org_id: int) -> str:
    vault = Vault(settings.secret_key.get_secret_value())
    return vault.seal(json.dumps({"org": org_id, "at": int(time.time()), "once": fresh_key()})).decode()


def _open(settings: Settings, sealed: str, lives: int) -> int | None:
    try:
        said = json.loads(Vault(settings.secret_key.get_secret_value()).open(sealed.encode()))
    except VaultError:
        return None
    return int(said["org"]) if time.time() - said["at"] <= lives else None


def _page(words: str, status: int) -> HTMLResponse:
    return HTMLResponse(f"<!doctype html><meta charset=utf-8><title>Sluice</title><p>{escape(words)}</p>", status)
