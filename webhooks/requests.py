"""What holds for every request, whatever its door: a number that each line of the log and the answer carry, and answers
that no browser guesses about, shows in a frame, keeps or tells others of, unless the door says otherwise."""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = b"x-request-id"
SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
)
HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_PLAIN = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Numbered:
    """Takes the number that a proxy gave, if it is a plain word, else makes one.

    Args: https: the world reaches us by https, and shall never try anything else.
    """

    def __init__(self, app: ASGIApp, *, https: bool = False) -> None:
        self._app = app
        self._safe = (*SAFE, HTTPS_ONLY) if https else SAFE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = next((value for name, value in scope["headers"] if name == HEADER and _PLAIN.fullmatch(value)), None)
        number = number or uuid4().hex.encode()

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = list(message.get("headers", ()))
                names = {name for name, _ in said}
                safe = [header for header in self._safe if header[0] not in names]
                message["headers"] = [*said, (HEADER, number), *safe]
            await send(message)

        with bound_contextvars(request=number.decode()):
            await self._app(scope, receive, numbered)
