"""Slack's door: events, commands and interactions on one address; installation on two more.

First our own check of size, age, signature and shape, then Bolt finds the listener, all in the thread pool; what must
call Slack happens behind the acknowledgement.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from slack_bolt import BoltResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bot import searching
from bot.app import Bot
from bot.cards import fit
from bot.interaction import Answer, Interaction
from bot.platforms import slack_controls, slack_forms
from bot.platforms.slack import SlackPlatform
from webhooks import slack_guard as guard
from webhooks import slack_install
from webhooks import slack_interactions as interactions
from webhooks import slack_payloads as payloads
from webhooks.express import express
from webhooks.slack_answers import Answers
from webhooks.slack_bolt import Switchboard
from webhooks.slack_mishaps import Mishaps
from webhooks.slack_socket import Socket
from webhooks.slack_visit import Visit

log = structlog.get_logger()

ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body cannot be read."},
    401: {"description": "The signature is wrong, or too old."},
    413: {"description": "The body is too large."},
    503: {"description": "The database is away: Slack sends it again."},
}
Said = Mapping[str, Any]
NOTHING: Said = {}


def router(bot: Bot) -> APIRouter:
    """Slack's addresses; the installation pages only where a client id is set."""
    door = Door(bot)
    check = guard.Guard(bot.settings.slack_signing_secret)

    routes = APIRouter(prefix="/slack", tags=["slack"], lifespan=_lifespan(bot, door))

    @routes.post("/events", response_class=Response, responses=ANSWERS)
    @express
    async def events(request: Request) -> Response:
        try:
            body = await guard.read_capped(request.headers.get("content-length"), request.stream())
            check.check(request.headers, body, now=time.time())
        except guard.TooLarge:
            return Response(status_code=413)
        except guard.Forged:
            return Response(status_code=401)
        except ClientDisconnect:
            return Response(status_code=400)
        return await run_in_threadpool(door.answer, body, request.headers.get("content-type", ""))

    if bot.settings.slack_client_id:
        routes.include_router(slack_install.router(bot))
    return routes


def _lifespan(bot: Bot, door: Door) -> Any:
    """Socket Mode where there is a token for it; at the end, what is under way is finished."""
    token = bot.settings.slack_app_token.get_secret_value()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        socket = Socket(door, token=token, api_url=bot.settings.slack_api_url) if token else None
        if socket:
            socket.start()
        yield
        if socket:
            await run_in_threadpool(socket.close)
        await run_in_threadpool(door.close)

    return lifespan


class Door:
    """From a verified body to the dispatcher and back; runs in the thread pool."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._root = bot.settings.slack_command
        self._answers = Answers(cast("SlackPlatform", bot.platforms["slack"]))
        listeners = {
            "command": self._command,
            "event": self._event,
            "tap": self._tap,
            "form": self._form,
            "shortcut": self._shortcut,
            "search": self._search,
        }
        mishaps = Mishaps(self._answers)
        self._bolt = Switchboard(lambda team: bot.workspaces.find("slack", team), listeners, mishaps.response)

    def answer(self, body: bytes, content_type: str) -> Response:
        """What Slack is told."""
        try:
            payload = payloads.read(body, content_type)
        except payloads.BadShape:
            return Response(status_code=400)
        said = self.told(payload)
        return Response(said.body, said.status, media_type=said.first_headers().get("content-type"))

    def told(self, payload: payloads.Payload) -> BoltResponse:
        """What Slack is told about a payload, whichever way it came."""
        if isinstance(payload, payloads.RateLimited):
            log.warning("slack.events_limited", team=payload.team_id)
            return BoltResponse(status=200)
        return self._bolt.dispatch(Visit(payload), payload)

    def close(self) -> None:
        """Finish the answers that are under way."""
        self._answers.close()

    def _command(self, visit: Visit) -> Said:
        assert isinstance(visit.payload, payloads.Command)
        asked = interactions.command(visit.payload, root=self._root)
        return self._answers.to_command(visit.place, asked, self._dispatched(visit, asked))

    def _event(self, visit: Visit) -> Said:
        assert isinstance(visit.payload, payloads.EventCallback)
        said = visit.payload.event
        if said.type == "app_uninstalled" or (said.type == "tokens_revoked" and said.tokens.bot):
            self._uninstall(interactions.installed(visit.payload))
        elif said.type == "link_shared":
            self._unfurl(visit, visit.payload)
        elif asked := interactions.event(visit.payload, root=self._root):
            self._answers.later(visit.place, asked, self._dispatched(visit, asked))
        return NOTHING

    def _unfurl(self, visit: Visit, payload: payloads.EventCallback) -> None:
        """Say what everybody may see of the leads whose addresses were pasted."""
        asked = interactions.links(payload, base=self._bot.settings.public_url)
        answers = {url: self._dispatched(visit, each).card for url, each in asked}
        cards = {url: card for url, card in answers.items() if card is not None}
        if cards:
            self._answers.unfurl(visit.place, interactions.shared_at(payload), cards)

    def _tap(self, visit: Visit) -> Said:
        assert isinstance(visit.payload, payloads.BlockActions)
        if interactions.is_within_form(visit.payload):
            return self._redraw(visit, visit.payload)
        if asked := interactions.tap(visit.payload):
            self._wait_for(visit, asked)
            if visit.payload.view is not None and visit.payload.view.type == "home":
                home = interactions.home(asked)
                self._answers.later(visit.place, home, self._dispatched(visit, home))
        return NOTHING

    def _wait_for(self, visit: Visit, asked: Interaction) -> None:
        """Dispatch; a form that takes long finds its place held, since a trigger lasts for seconds only."""
        waiting, answer = self._answers.waiting(visit.place, asked), Answer()
        try:
            answer = self._dispatched(visit, asked)
        finally:
            held = waiting.over()
            if held is not None:
                self._answers.fill(visit.place, asked, answer, held)
        if held is None and not interactions.says_enough(asked, answer):
            self._answers.later(visit.place, asked, answer)

    def _redraw(self, visit: Visit, payload: payloads.BlockActions) -> Said:
        asked, given, back = interactions.redraw(payload)
        if (form := self._dispatched(visit, asked).form) is not None:
            self._answers.redrawn(visit.place, str((asked.handle or {})["view"]), form, given, back)
        return NOTHING

    def _search(self, visit: Visit) -> Said:
        assert isinstance(visit.payload, payloads.BlockSuggestion)
        kind = slack_forms.search_of(visit.payload.action_id)
        found = searching.look(self._bot.database, visit.place, visit.payload.user.id, kind, visit.payload.value)
        fitting = [option for option in found if fit.units(option.value) <= slack_controls.OPTION_VALUE]
        return {"options": [slack_controls.option_object(option, option.value) for option in fitting]}

    def _shortcut(self, visit: Visit) -> Said:
        assert isinstance(visit.payload, payloads.Shortcut)
        self._wait_for(visit, interactions.shortcut(visit.payload))
        return NOTHING

    def _form(self, visit: Visit) -> Said:
        if not isinstance(visit.payload, payloads.ViewSubmission):
            return NOTHING
        asked = interactions.form(visit.payload)
        answer = self._dispatched(visit, asked)
        if answer.errors:
            return visit.errors(answer.errors)
        if body := self._answers.next_view(asked, answer):
            return body
        self._answers.later(visit.place, asked, answer)
        return NOTHING

    def _uninstall(self, team: str) -> None:
        if workspace := self._bot.workspaces.find("slack", team):
            self._bot.workspaces.uninstall(workspace.id)

    def _dispatched(self, visit: Visit, asked: Interaction) -> Answer:
        visit.asked = asked
        return self._bot.dispatcher.dispatch(asked)
