"""Files of follow-ups, by a link that names one file and its reader, is sealed, and is good for some minutes."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from bot.app import Bot
from crm.errors_of_asking import FileGone
from crm.models import Attachment
from crm.services import attachments, members
from crm.vault import Vault

_GONE = "This link is wrong or too old. Open the file again in the chat."
# What a browser shows without running anything in it; the rest is downloaded.
_SHOWN = ("image/", "audio/")
_HEADERS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'",
}  # fmt: skip


def router(bot: Bot) -> APIRouter:
    routes = APIRouter(tags=["files"])
    vault = Vault(bot.settings.secret_key.get_secret_value())

    @routes.get("/file/{ticket}", responses={404: {"description": "The link is wrong or too old."}})
    async def file(ticket: str) -> Response:
        """The file that a link names."""
        found = await run_in_threadpool(_found, bot, vault, ticket)
        if found is None:
            return Response(_GONE, status_code=404, media_type="text/plain")
        way = "inline" if (found.mime or "").startswith(_SHOWN) else "attachment"
        named = f"{way}; filename*=UTF-8''{quote(found.name or 'file', safe='')}"
        headers = _HEADERS | {"Content-Disposition": named}
        return Response(found.content or b"", media_type=found.mime, headers=headers)

    return routes


def _found(bot: Bot, vault: Vault, word: str) -> Attachment | None:
    """The file with its bytes; None when the link is not good any more, or its reader no longer may."""
    ticket = attachments.read(vault, word)
    if ticket is None:
        return None
    with bot.database.begin(ticket.org_id) as uow:
        reader = members.get(uow, ticket.member_id)
        if uow.now > ticket.until or not reader.active or "files" in uow.off:
            return None
        try:
            found = attachments.get(uow, actor=reader, attachment_id=ticket.named[0])
        except FileGone:
            return None
        _read = found.content  # while the session is open: the bytes are read for whoever asks, never with a list
        return found
