"""Slack's Bolt as the switchboard: one listener for each of the six kinds of request, and one for every mishap.

The request was verified and given its shape before (`slack_guard`, `slack_payloads`); the installation comes from our
own table, so that Bolt asks nobody. Every kind has a catch-all, because Bolt answers 404 to what nobody listens to,
and Slack switches an address off that fails too often.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel
from slack_bolt import Ack, App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.platforms.base import Workspace
from webhooks.slack_payloads import BadShape

VISIT = "sluice.visit"
ANYTHING = re.compile("")
# Bolt's own log prints request bodies, and with them what people wrote.
logger = logging.getLogger("webhooks.slack.bolt")
logger.setLevel(logging.CRITICAL)

Body = Mapping[str, Any]
Listen = Callable[[Any], Body]


class NotInstalled(Exception):
    """A verified request from a workspace that we have no installation for."""


class Switchboard:
    """Hands a visit to the listener of its kind.

    Args:
        find: the installation by its team or enterprise id.
        listeners: by kind (`command`, `event`, `tap`, `form`, `shortcut`, `search`); each takes the visit and returns
            what Slack is to read in the response.
        failed: turns an exception of any listener, or of finding the installation, into a response.
    """

    def __init__(
        self,
        find: Callable[[str], Workspace | None],
        listeners: Mapping[str, Listen],
        failed: Callable[[Exception, Any], BoltResponse],
    ) -> None:
        self._app = App(
            name="sluice",
            logger=logger,
            process_before_response=True,
            signing_secret="verified before",  # noqa: S106 - not a secret: without one Bolt looks into the environment
            client=WebClient(),
            authorize=_authorizer(find),
            request_verification_enabled=False,
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        self._app.error(_on_error(failed))
        for kind, listen in listeners.items():
            self._register(kind, _on(listen))

    def dispatch(self, visit: Any, payload: BaseModel) -> BoltResponse:
        """Run the listener in this thread, and return what to say."""
        # Bolt parses a raw body once more unless it believes that it came over a socket.
        body = payload.model_dump(exclude_none=True)
        return self._app.dispatch(BoltRequest(body=body, context={VISIT: visit}, mode="socket_mode"))

    def _register(self, kind: str, listener: Callable[..., BoltResponse]) -> None:
        app = self._app
        match kind:
            case "command":
                app.command(ANYTHING)(listener)
            case "event":
                app.event(ANYTHING)(listener)
            case "tap":
                app.action(ANYTHING)(listener)
            case "form":
                app.view_submission(ANYTHING)(listener)
                app.view_closed(ANYTHING)(listener)
            case "shortcut":
                app.shortcut(ANYTHING)(listener)
            case _:
                app.options(ANYTHING)(listener)


def _authorizer(find: Callable[[str], Workspace | None]) -> Callable[..., AuthorizeResult]:
    # Bolt calls it with the arguments that its signature names, and stumbles over the `self` of a method.
    def authorize(context: BoltContext, team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        if not (external_id := team_id or enterprise_id):
            raise BadShape
        if (workspace := find(external_id)) is None:
            raise NotInstalled
        context[VISIT].workspace = workspace
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            bot_user_id=workspace.config.get("bot_user_id"),
            bot_token=workspace.secrets.get("bot_token"),
        )

    return authorize


def _on(listen: Listen) -> Callable[..., BoltResponse]:
    def listener(ack: Ack, context: BoltContext) -> BoltResponse:
        said = listen(context[VISIT])
        return ack(dict(said)) if said else ack()

    return listener


def _on_error(failed: Callable[[Exception, Any], BoltResponse]) -> Callable[..., BoltResponse]:
    def handler(error: Exception, context: BoltContext) -> BoltResponse:
        return failed(error, context[VISIT])

    return handler
