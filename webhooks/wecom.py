"""WeCom's door: verification of the address, encrypted callbacks, passive replies.

Answers within the five seconds that WeCom waits: words by text, a tapped card by its replacement, the rest by an empty
200.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from bot.cards.model import Form
from bot.dispatcher import DatabaseAway
from bot.interaction import Answer, Interaction
from bot.platforms import wecom_cards, wecom_forms
from bot.platforms.base import Address, Platform, PlatformError, Workspace
from bot.platforms.wecom_body import plain
from webhooks import wecom_envelope as envelope
from webhooks import wecom_inbox as inbox
from webhooks import wecom_replies as replies
from webhooks.express import express
from webhooks.wecom_envelope import BAD_INPUT, Crypto, Forged, Query

log = structlog.get_logger(__name__)

MAX_BODY = 64 * 1024
EMPTY = ""
SPOKEN = frozenset({"command", "file"})
# Said before anybody knows who is asking, hence in both languages.
WORDS_ONLY = (
    "I understand words, pictures, voice and files. Type help to see what.\n"
    "我看得懂文字、图片、语音和文件，发送“帮助”查看用法。"
)
AWAY = "Sluice is busy for a moment, please send that again in a minute.\n系统暂时繁忙，请一分钟后再发一次。"

ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The message cannot be read."},
    403: {"description": "The signature is wrong, or too old, or there is no such app."},
    413: {"description": "The body is too large."},
    503: {"description": "The database is away: WeCom sends it again."},
}


def router(bot: Bot) -> APIRouter:
    """The callback addresses: one for all apps, and one for each by its agent id."""
    routes, door = APIRouter(prefix="/wecom", tags=["wecom"]), Door(bot)

    @routes.get("/callback", response_class=PlainTextResponse, responses=ANSWERS)
    @routes.get("/callback/{app}", response_class=PlainTextResponse, responses=ANSWERS)
    async def verify(request: Request, app: str = "") -> Response:
        return await run_in_threadpool(door.verify, _query(request), request.query_params.get("echostr", ""), app)

    @routes.post("/callback", response_class=Response, responses=ANSWERS)
    @routes.post("/callback/{app}", response_class=Response, responses=ANSWERS)
    @express
    async def receive(request: Request, app: str = "") -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        return await run_in_threadpool(door.receive, _query(request), body, app)

    return routes


class Door:
    """From a verified callback to the dispatcher and back; runs in the thread pool."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def verify(self, query: Query, echo: str, app: str) -> Response:
        """WeCom asks once, when the address is saved, and wants the decrypted words alone."""
        try:
            envelope.check_age(query, time.time())
            signers = envelope.signers(self._installed(app), query, echo)
            return Response(_echoed(signers, query, echo), media_type="text/plain")
        except DatabaseAway:
            return Response(status_code=503)
        except (Forged, *BAD_INPUT):
            return Response(status_code=403)

    def receive(self, query: Query, body: bytes, app: str) -> Response:
        """One callback. WeCom repeats it twice unless it gets a 200."""
        try:
            envelope.check_age(query, time.time())
            letter = envelope.read(body)
            here = self._installed(app, letter.corp)
            meant = [each for each in here if envelope.is_for(each, letter.corp, letter.agent)]
            workspace = envelope.signers(meant, query, letter.encrypted)[0]
            crypto = Crypto(workspace)
            message = crypto.opened(query, letter.encrypted)
            envelope.check_inside(workspace, message)
            visit = Visit(self._bot, workspace, message.source, crypto, query.nonce)
            interaction = inbox.read(workspace, message)
        except inbox.WordsOnly:
            return visit.text(WORDS_ONLY)
        except DatabaseAway:
            return Response(status_code=503)
        except Forged as exc:
            log.info("wecom.forged", why=str(exc))
            return Response(status_code=403)
        except BAD_INPUT as exc:
            log.info("wecom.unreadable", why=type(exc).__name__)
            return Response(status_code=400)
        return visit.answered(interaction) if interaction else Response(EMPTY)

    def _installed(self, app: str, company: str = "") -> Iterable[Workspace]:
        try:
            return self._bot.workspaces.of_company("wecom", company, app)
        except SQLAlchemyError as exc:
            raise DatabaseAway from exc


class Visit:
    """One callback's way out: the person, the installation and the keys to seal the reply with."""

    def __init__(self, bot: Bot, workspace: Workspace, user: str, crypto: Crypto, nonce: str) -> None:
        self._bot, self._workspace, self._user = bot, workspace, user
        self._crypto, self._nonce = crypto, nonce

    def answered(self, interaction: Interaction) -> Response:
        """Do it, and say what can be said at once."""
        try:
            answer = self._bot.dispatcher.dispatch(interaction)
        except DatabaseAway:
            return self.text(AWAY) if interaction.kind in SPOKEN else Response(status_code=503)
        if interaction.kind in ("action", "form"):
            return self._tapped(interaction, answer)
        return self._spoken(answer) if interaction.kind in SPOKEN else Response(EMPTY)

    def text(self, words: str) -> Response:
        """A text message as the reply."""
        return self._sealed(replies.text(self._user, self._workspace.config["corp_id"], words))

    def _spoken(self, answer: Answer) -> Response:
        if answer.form is not None and wecom_cards.for_form(answer.form) is not None:
            return self._opened(answer.form)
        if answer.form is not None:
            return self.text("\n".join([*answer.errors.values(), wecom_forms.prompt(answer.form)]))
        return self.text(plain(answer.card)) if answer.card is not None else Response(EMPTY)

    def _tapped(self, interaction: Interaction, answer: Answer) -> Response:
        """Only the tapped card can change here; what does not fit into a card follows at once as a message."""
        if answer.form is not None:
            return self._opened(answer.form)
        if answer.card is None or not answer.replace:
            return Response(EMPTY)
        shown = wecom_cards.for_update(answer.card, (interaction.handle or {}).get("task_id", ""))
        reply = self._sealed(replies.card(self._user, self._workspace.config["corp_id"], shown))
        if rest := wecom_cards.to_read(answer.card):
            to = Address("person", self._user)
            reply.background = BackgroundTask(
                self._try, lambda platform: platform.send(self._workspace, to, rest, key=interaction.key)
            )
        return reply

    def _opened(self, form: Form) -> Response:
        return Response(
            EMPTY,
            background=BackgroundTask(
                self._try, lambda platform: platform.open_form(self._workspace, self._user, form)
            ),
        )

    def _try(self, call: Callable[[Platform], object]) -> None:
        """After the response is out, so that a slow WeCom cannot make it late; the person can simply tap again."""
        try:
            call(self._bot.platforms["wecom"])
        except PlatformError as exc:
            log.warning("wecom.follow_up_lost", cause=exc.cause)

    def _sealed(self, xml: str) -> Response:
        return Response(self._crypto.sealed(xml, self._nonce), media_type="application/xml")


def _echoed(signers: Iterable[Workspace], query: Query, echo: str) -> str:
    """The words inside, by the first installation whose key opens them. Raises Forged."""
    for workspace in signers:
        try:
            return Crypto(workspace).echo(query, echo)
        except BAD_INPUT:
            continue
    raise Forged("echo")


def _query(request: Request) -> Query:
    params = request.query_params
    return Query(params.get("msg_signature", ""), params.get("timestamp", ""), params.get("nonce", ""))


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is too large."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MAX_BODY:
            return None
    return bytes(found)
