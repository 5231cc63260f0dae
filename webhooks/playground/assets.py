"""The page itself: a few small files that come with the package, read once, served with their hash as a tag."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from fastapi import Request, Response

from webhooks.playground.guard import Refused

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


class Assets:
    """The static files by name; nothing outside of the folder can be asked for."""

    def __init__(self) -> None:
        folder = files("webhooks.playground").joinpath("static")
        self._files = {entry.name: entry.read_bytes() for entry in folder.iterdir() if _type(entry.name)}
        self._tags = {name: f'"{hashlib.sha256(body).hexdigest()[:20]}"' for name, body in self._files.items()}

    def serve(self, name: str, request: Request) -> Response:
        """A file, or 304 when the browser has it already. Raises Refused(404)."""
        if name not in self._files:
            raise Refused(404, "There is no such file.")
        headers = {"ETag": self._tags[name], "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == self._tags[name]:
            return Response(status_code=304, headers=headers)
        return Response(self._files[name], media_type=_type(name), headers=headers)


def _type(name: str) -> str | None:
    return TYPES.get(name.rpartition(".")[2])
