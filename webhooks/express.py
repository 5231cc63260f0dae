"""The busiest doors, without the way through the framework, which takes longer than their own part of it.

A door that reads its request itself and says what to answer needs neither parameters worked out nor bodies checked. It
is a route like any other, so that the description of all routes holds it; a request for it only comes here first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Door = Callable[..., Awaitable[Response]]
D = TypeVar("D", bound=Door)
_MARK = "is_express"


def express(door: D) -> D:
    """Mark a door that takes its `request`, and the parts of its address as words."""
    setattr(door, _MARK, True)
    return door


class Express:
    """Hands a request to the express door with its method and address, and every other one on."""

    def __init__(self, app: ASGIApp, *, routers: Iterable[APIRouter]) -> None:
        self._app = app
        routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
        self._doors = [
            (method, route.path_regex, route.endpoint)
            for route in routes if getattr(route.endpoint, _MARK, False) for method in route.methods or ()
        ]  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._door(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        door, parts = found
        response = await door(request=Request(scope, receive), **parts)
        await response(scope, receive, send)

    def _door(self, scope: Scope) -> tuple[Door, dict[str, Any]] | None:
        for method, address, door in self._doors:
            if method == scope["method"] and (match := address.match(scope["path"])):
                return door, match.groupdict()
        return None
