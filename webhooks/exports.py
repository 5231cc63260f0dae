"""Files that were asked for in a chat: fetched once or twice within minutes, by a link that names who may read what."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from crm.services import decision_export, downloads, members
from crm.vault import Vault

MOST = 50_000
_GONE = "This link is wrong or too old. Ask for a new one in the chat: export decisions"
_HEADERS = {
    "Content-Disposition": 'attachment; filename="decisions.csv"', "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
}  # fmt: skip


def router(bot: Bot) -> APIRouter:
    routes = APIRouter(tags=["export"])
    vault = Vault(bot.settings.secret_key.get_secret_value())

    @routes.get("/export/{ticket}", responses={404: {"description": "The link is wrong or too old."}})
    async def decisions(ticket: str) -> Response:
        """The decisions that a link names, as CSV."""
        found = await run_in_threadpool(_decisions, bot, vault, ticket)
        if found is None:
            return Response(_GONE, status_code=404, media_type="text/plain")
        return Response(found, media_type="text/csv; charset=utf-8", headers=_HEADERS)

    return routes


def _decisions(bot: Bot, vault: Vault, word: str) -> bytes | None:
    """The file; None when the link is not good any more, or its reader no longer may."""
    named = downloads.read(vault, word)
    if named is None:
        return None
    ticket, period = named
    with bot.database.begin(ticket.org_id) as uow:
        reader = members.get(uow, ticket.member_id)
        if uow.now > ticket.until or not (reader.active and reader.is_manager):
            return None
        stream = io.StringIO()
        writer = csv.writer(stream)
        writer.writerow(decision_export.HEADER)
        writer.writerows(decision_export.rows(uow, period=period, reader=reader, most=MOST))
    # With a mark, so that spreadsheets read Chinese right.
    return stream.getvalue().encode("utf-8-sig")
