"""A member's reminders as a calendar that phones and desktops subscribe to; the address is the secret."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from bot.cards.language import _, translate
from crm.services import feeds
from webhooks import ical

LONGEST = 100
_GONE = "There is no such calendar. Ask for its address in the chat: calendar"
_HEADERS = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Told:
    """What is answered: the calendar, or nothing where the asker has it as it is."""

    tag: str
    body: bytes | None


def router(bot: Bot) -> APIRouter:
    routes = APIRouter(tags=["calendar"])

    @routes.get("/calendar/{token}.ics", responses={404: {"description": "No member has this address."}})
    async def calendar(token: str, request: Request) -> Response:
        """The reminders of the member whose address this is."""
        known = request.headers.get("if-none-match", "")
        told = await run_in_threadpool(_told, bot, token, known) if len(token) <= LONGEST else None
        if told is None:
            return Response(_GONE, status_code=404, media_type="text/plain")
        headers = _HEADERS | {"ETag": f'"{told.tag}"'}
        if told.body is None:
            return Response(status_code=304, headers=headers)
        return Response(told.body, media_type="text/calendar; charset=utf-8", headers=headers)

    return routes


def _told(bot: Bot, token: str, known: str) -> Told | None:
    org_id = feeds.organization(token)
    if org_id is None:
        return None
    with bot.database.begin(org_id) as uow:
        feed = None if "calendar" in uow.off else feeds.read(uow, token)
    if feed is None:
        return None
    if feed.tag in known:
        return Told(feed.tag, None)
    name = translate(feed.member.locale, _("Reminders"))
    return Told(feed.tag, ical.calendar(name, feed.events, house=f"{org_id}.sluice"))
