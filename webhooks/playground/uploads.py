"""Files dropped into the chat: kept as a chat platform keeps them, and given back to who may see the message."""

from __future__ import annotations

import base64
import mimetypes
from urllib.parse import quote

from fastapi import Response

from bot.platforms.base import MAX_FILE
from webhooks.playground.bodies import Upload
from webhooks.playground.guard import Refused

# What a browser shows by itself without running anything that is in it; everything else is only downloaded.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"}) | frozenset(
    {"audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm", "audio/aac"}
)


def content(sent: Upload) -> bytes:
    """The file's bytes. Raises Refused(422) for what is no base64, Refused(413) for what is too large."""
    try:
        found = base64.b64decode(sent.data, validate=True)
    except ValueError:  # of wrong letters, and of letters that are not ASCII
        raise Refused(422, "data: the file's bytes in base64 are expected.") from None
    if len(found) > MAX_FILE:
        raise Refused(413, f"The file is larger than {MAX_FILE // 1024 // 1024} MiB.")
    return found


def mime_of(sent: Upload) -> str:
    """The type that the browser says, else the one that the name suggests."""
    return sent.mime or mimetypes.guess_type(sent.name)[0] or ""


def download(name: str, mime: str, found: bytes) -> Response:
    """Pictures and recordings to be shown in place, anything else as a download."""
    safe = mime in SHOWN
    way = "inline" if safe else "attachment"
    headers = {
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, max-age=3600",
    }
    return Response(found, media_type=mime if safe else "application/octet-stream", headers=headers)
