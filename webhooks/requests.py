"""Each request has a number, which every line that is logged because of it carries, and the answer as well."""

from __future__ import annotations

import re
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

HEADER = b"x-request-id"
_PLAIN = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Numbered:
    """Takes the number that a proxy gave, if it is a plain word, else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number = next((value for name, value in scope["headers"] if name == HEADER and _PLAIN.fullmatch(value)), None)
        number = number or uuid4().hex.encode()

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER, number)]
            await send(message)

        with bound_contextvars(request=number.decode()):
            await self._app(scope, receive, numbered)
