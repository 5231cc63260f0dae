"""Who may talk to the playground: its own page on this machine, or people with its password; in small JSON bodies."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Message

from bot.dispatcher import DatabaseAway
from bot.platforms.base import MAX_FILE, Unavailable
from crm.settings import Settings, SettingsError

AWAY = "Sluice cannot reach its database at the moment. Nothing was done; please try again in a moment."
GONE = (OperationalError, PoolTimeout, Unavailable, DatabaseAway)
MAX_BODY = 256 * 1024
# A file travels in base64, four letters for three bytes, and a little beside it.
MAX_UPLOAD = MAX_FILE // 3 * 4 + MAX_BODY
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-src 'self'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class Refused(Exception):
    """A request that is turned away with a 4xx and one sentence."""

    def __init__(self, status: int, error: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(error)
        self.status, self.error, self.headers = status, error, headers or {}


def check_settings(settings: Settings) -> None:
    """Raises SettingsError when the playground would be open to others without a password."""
    if not is_loopback(settings.host) and not settings.playground_password.get_secret_value():
        raise SettingsError(
            "SLUICE_PLAYGROUND_PASSWORD is missing: "
            f"the playground would be open to everybody who reaches {settings.host}."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host; a name without a dot cannot be one that an outsider registered."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return bool(host) and "." not in host


def route_class(settings: Settings) -> type[APIRoute]:
    """Routes that check each request before its body is read."""

    class GuardedRoute(APIRoute):
        def get_route_handler(self) -> Endpoint:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    check(request, settings)
                    return dressed(await inner(await capped(request)))
                except (Refused, HTTPException, RequestValidationError, *GONE) as exc:
                    return dressed(refusal(exc))

            return handle

    return GuardedRoute


def refusal(exc: Exception) -> JSONResponse:
    """What is told when a request is turned away, or comes while the database cannot be reached."""
    match exc:
        case Refused():
            return JSONResponse({"error": exc.error}, exc.status, exc.headers)
        case HTTPException():
            return JSONResponse({"error": exc.detail}, exc.status_code)
        case RequestValidationError():
            return JSONResponse(explained(exc), 422)
        case _:
            return JSONResponse({"error": AWAY}, 503, {"Retry-After": "2"})


def check(request: Request, settings: Settings) -> None:
    """Raises Refused for a stranger, a foreign page, or a body that is not JSON."""
    password = settings.playground_password.get_secret_value()
    if password:
        _check_password(request, password)
    else:
        _check_host(request, settings)
    if request.method == "POST":
        _check_origin(request)
        _check_type(request)


def dressed(response: Response) -> Response:
    """The response with the headers that keep scripts, frames and guesses out."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


async def capped(request: Request) -> Request:
    """The request with its body read, at most MAX_BODY bytes of it, more for a file. Raises Refused(413) beyond."""
    body, most = bytearray(), MAX_UPLOAD if request.url.path.endswith("/api/upload") else MAX_BODY
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refused(413, f"The body is larger than {most // 1024} KiB.")
    _check_utf8(bytes(body))
    return Request(request.scope, _once(bytes(body), request))


def explained(exc: RequestValidationError) -> dict[str, Any]:
    """Each wrong field in words; what was sent is not repeated."""
    wrong = {".".join(str(part) for part in error["loc"][1:]) or "body": error["msg"] for error in exc.errors()}
    return {"error": "; ".join(f"{name}: {message}" for name, message in wrong.items()), "fields": wrong}


def _once(body: bytes, request: Request) -> Callable[[], Coroutine[Any, Any, Message]]:
    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await request.receive()

    return receive


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Refused(400, "The body is not UTF-8.") from None


def _check_password(request: Request, password: str) -> None:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        _, _, word = base64.b64decode(given).partition(b":")
    except (binascii.Error, ValueError):
        word = b""
    if kind.lower() != "basic" or not secrets.compare_digest(word, password.encode()):
        raise Refused(401, "The playground asks for its password.", {"WWW-Authenticate": 'Basic realm="Sluice"'})


def _check_host(request: Request, settings: Settings) -> None:
    """Without a password, a foreign name that points at this machine must not become a way in."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not is_loopback(host) and host != urlsplit(settings.public_url).hostname:
        raise Refused(421, "The playground does not answer under this name.")


def _check_origin(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Refused(403, "Another site's page cannot use the playground.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "Another site's page cannot use the playground.")


def _check_type(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Send JSON with Content-Type: application/json.")
