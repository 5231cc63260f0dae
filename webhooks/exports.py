"""Files that were asked for in a chat: fetched once or twice within minutes, by a link that names who may read what."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from crm.rules.access import Actor
from crm.rules.inert import inert
from crm.rules.periods import Period
from crm.services import audit, decision_export, downloads, members, person_export
from crm.services.downloads import DEEDS, What
from crm.uow import UnitOfWork
from crm.vault import Vault

MOST = 50_000
_GONE = "This link is wrong or too old. Ask for a new one in the chat: export decisions"
_PERSON_GONE = "This link is wrong or too old. Ask for a new one in the chat: privacy export L-n"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def router(bot: Bot) -> APIRouter:
    routes = APIRouter(tags=["export"])
    vault = Vault(bot.settings.secret_key.get_secret_value())

    @routes.get("/export/{ticket}", responses={404: {"description": "The link is wrong or too old."}})
    async def table(ticket: str) -> Response:
        """The decisions, looks at contacts or audit that a link names, as CSV."""
        found = await run_in_threadpool(_table, bot, vault, ticket)
        if found is None:
            return Response(_GONE, status_code=404, media_type="text/plain")
        what, content = found
        return Response(content, media_type="text/csv; charset=utf-8", headers=_named(f"{what}.csv"))

    @routes.get("/person/{ticket}", responses={404: {"description": "The link is wrong or too old."}})
    async def person(ticket: str) -> Response:
        """All that is held of the customer whom a link names, as an archive."""
        found = await run_in_threadpool(_person, bot, vault, ticket)
        if found is None:
            return Response(_PERSON_GONE, status_code=404, media_type="text/plain")
        return Response(found, media_type="application/zip", headers=_named("person.zip"))

    return routes


def _named(name: str) -> dict[str, str]:
    return _HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}


def _table(bot: Bot, vault: Vault, word: str) -> tuple[What, bytes] | None:
    """The file; None when the link is not good any more, or its reader no longer may."""
    named = downloads.read(vault, word)
    if named is None:
        return None
    what, ticket, period = named
    with bot.database.begin(ticket.org_id) as uow:
        reader = _reader(uow, ticket.member_id, ticket.until, DEEDS[what])
        if reader is None or "export" in uow.off:
            return None
        return what, _csv(*_rows(uow, what, period, reader))


def _person(bot: Bot, vault: Vault, word: str) -> bytes | None:
    ticket = person_export.read(vault, word)
    if ticket is None:
        return None
    with bot.database.begin(ticket.org_id) as uow:
        if _reader(uow, ticket.member_id, ticket.until, "privacy") is None:
            return None
        return person_export.archive(uow, ticket.named[0])


def _reader(uow: UnitOfWork, member_id: int, until: datetime, deed: str) -> Actor | None:
    reader = members.get(uow, member_id)
    return reader if uow.now <= until and reader.may(deed) else None


def _rows(uow: UnitOfWork, what: What, period: Period, reader: Actor) -> tuple[Sequence[str], Iterable[list[str]]]:
    if what == "decisions":
        return decision_export.HEADER, decision_export.rows(uow, period=period, reader=reader, most=MOST)
    if what == "audit":
        return audit.HEADER, audit.rows(uow, period)
    return audit.REVEALS_HEADER, audit.reveal_rows(uow, period=period, reader=reader, most=MOST)


def _csv(header: Sequence[str], rows: Iterable[list[str]]) -> bytes:
    """With a mark, so that spreadsheets read Chinese right."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(header)
    writer.writerows([inert(cell) for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")
