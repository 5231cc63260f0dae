"""The doors for visitors: `/f/{word}` is a source's form, `/e/{word}` the door of an event. Plain pages, no scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from webhooks.forms import described, pages
from webhooks.forms.desk import Desk
from webhooks.forms.door import Door
from webhooks.forms.hosted import HostedForm
from webhooks.forms.visit import Visit
from webhooks.intake.rates import Rates
from webhooks.intake.router import capped

Call = Callable[[Visit], Response]


def router(bot: Bot, rates: Rates | None = None) -> APIRouter:
    """The routes of these doors. Args: rates: how much a visitor may send; the defaults without it."""
    desk = Desk(bot, rates or Rates())
    hosted, door = HostedForm(desk), Door(desk)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(desk.tally.write)

    routes = APIRouter(tags=["forms"], lifespan=lifespan)
    routes.add_api_route(
        "/f/page.css", _style, methods=["GET"], summary="The look of all pages", responses=described.STYLE
    )
    shown: dict[str, Any] = {"response_class": HTMLResponse, "responses": described.LOOKS}
    taken = shown | {"methods": ["POST"], "responses": described.SENDS, "openapi_extra": described.FORM}
    for path, look, send, what in (
        ("/f/{word}", hosted.look, hosted.send, "The form of a source"),
        ("/e/{word}", door.look, door.sign_in, "The door of an event"),
        ("/e/{word}/ask", door.look_ask, door.ask, "A question of a visitor"),
    ):
        routes.add_api_route(path, _looking(desk, look), methods=["GET"], summary=what, **shown)
        routes.add_api_route(path, _sending(desk, send), summary=f"{what}, filled in", **taken)
    routes.add_api_route("/e/{word}/materials", _looking(desk, door.materials), summary="What to take along", **shown)
    routes.add_api_route("/e/{word}/codes", _looking(desk, door.codes), summary="All codes on a sheet", **shown)
    routes.add_api_route("/f/{word}/code", _sending(desk, hosted.prove), summary="Proves a phone", **taken)

    @routes.get("/e/{word}/materials/{material}", response_class=Response, summary="A file", responses=described.FILE)
    async def material(word: str, material: str, request: Request) -> Response:
        number = int(material) if material.isdecimal() and len(material) < 18 else 0
        return await run_in_threadpool(desk.answer, _visit(word, request), lambda visit: door.file(visit, number))

    return routes


def _looking(desk: Desk, call: Call) -> Callable[..., object]:
    async def look(word: str, request: Request) -> Response:
        return await run_in_threadpool(desk.answer, _visit(word, request), call)

    return look


def _sending(desk: Desk, call: Call) -> Callable[..., object]:
    async def send(word: str, request: Request) -> Response:
        body = await capped(request)
        visit = _visit(word, request, body)
        if body is None:
            return desk.too_large(visit)
        return await run_in_threadpool(desk.answer, visit, call)

    return send


def _visit(word: str, request: Request, body: bytes | None = None) -> Visit:
    headers = {name.lower(): value for name, value in request.headers.items()}
    peer = request.client.host if request.client else ""
    return Visit(word, headers, dict(request.query_params), peer, headers.get("host", ""), body)


async def _style() -> Response:
    """The style sheet of all pages."""
    return Response(pages.STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})
