"""The door for leads: `POST /intake/{source}`, and `GET` where a vendor first asks whether the address is ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from webhooks.express import express
from webhooks.intake.post import MAX_BODY, Answer, Post
from webhooks.intake.rates import Rates
from webhooks.intake.reception import Reception

TOO_LARGE = Answer(413, {"error": f"The body is larger than {MAX_BODY // 1024} KiB."})


def router(bot: Bot, rates: Rates | None = None) -> APIRouter:
    """The routes of this door. Args: rates: how much a sender may post; the defaults without it."""
    reception = Reception(bot, rates or Rates())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(reception.tally.write)

    api = APIRouter(tags=["intake"], lifespan=lifespan)

    @api.post("/intake/{source}", status_code=201, responses=RESPONSES, openapi_extra={"requestBody": REQUEST})
    @express
    async def take_in(source: str, request: Request) -> Response:
        """Post one lead as JSON or as a form, signed (Standard Webhooks) or with the source's key as bearer token."""
        body = await capped(request)
        if body is None:
            return _response(TOO_LARGE)
        peer = request.client.host if request.client else ""
        return _response(await reception.answer(_post(source, request, body, peer)))

    @api.get("/intake/{source}", responses=ASKED, response_class=PlainTextResponse)
    async def challenge(source: str, request: Request) -> Response:
        """Some vendors make sure by GET that the address is theirs to use, before they post."""
        return _response(await run_in_threadpool(reception.challenge, _post(source, request, b"", "")))

    return api


def _post(source: str, request: Request, body: bytes, peer: str) -> Post:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Post(source, headers, body, peer, dict(request.query_params))


async def capped(request: Request) -> bytes | None:
    """The body, or None as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def _response(answer: Answer) -> Response:
    if isinstance(answer.content, str):
        return PlainTextResponse(answer.content, answer.status, {"X-Content-Type-Options": "nosniff", **answer.headers})
    return JSONResponse(dict(answer.content), answer.status, dict(answer.headers))


def _described(words: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


_TEXT = {"type": "string"}
_WORDS = {"type": "object", "additionalProperties": _TEXT}
_USUAL = dict.fromkeys(("name", "company", "phone", "email", "wechat", "note"), _TEXT)
_FIELDS = {"type": "object", "additionalProperties": True, "properties": _USUAL}
REQUEST = {
    "required": True,
    "content": {
        kind: {"schema": _FIELDS}
        for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _described("A repeat, or a touch of an open lead", ref=_TEXT),
    201: _described("A new lead", ref=_TEXT),
    202: _described("Received; public forms are always told the same", status=_TEXT),
    400: _described("The body cannot be read", error=_TEXT),
    401: _described("The signature or key is wrong", error=_TEXT),
    404: _described("There is no such source", error=_TEXT),
    413: _described("The body is too large", error=_TEXT),
    415: _described("Neither JSON nor a form", error=_TEXT),
    422: _described("Some fields are wrong", errors=_WORDS),
    429: _described("Too many posts; Retry-After says when", error=_TEXT),
    503: _described("Not possible just now; Retry-After says when", error=_TEXT),
}
ASKED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What the vendor sent, sent back",
        "content": {"text/plain": {"schema": _TEXT}, "application/json": {"schema": _WORDS}},
    },
    403: _described("The token is wrong, or this source expects no question", error=_TEXT),
    404: RESPONSES[404],
    503: RESPONSES[503],
}
