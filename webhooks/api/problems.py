"""What is wrong with a request, as RFC 9457 problem details; answers carry a tag, and are not sent twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

KIND = "application/problem+json"
_AWAY = (OperationalError, InterfaceError, PoolTimeout)
_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


class Wrong(BaseModel):
    """One parameter that cannot be read."""

    name: str
    reason: str


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Wrong] = Field(default_factory=list)


class Problem(Exception):
    """A request that is answered with a 4xx or 503."""

    def __init__(self, status: int, detail: str, *, errors: list[Wrong] | None = None, **headers: str) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors or []
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> Response:
        told = ProblemDetails(
            title=HTTPStatus(self.status).phrase, status=self.status, detail=self.detail, errors=self.errors
        )
        return JSONResponse(told.model_dump(), self.status, _HEADERS | self.headers, media_type=KIND)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These answers as OpenAPI describes them."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {"model": ProblemDetails, "content": {KIND: {"schema": schema}}, "description": _WORDS[status]}
        for status in statuses
    }


_WORDS = {
    401: "The token is missing, unknown, revoked or too old.", 403: "The token does not open this.",
    404: "There is no such thing.", 422: "A parameter cannot be read.", 429: "Too many requests; see Retry-After.",
    503: "The database is away; see Retry-After.",
}  # fmt: skip


class ProblemRoute(APIRoute):
    """A route whose mistakes are problem details, and whose answers are tagged."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return tagged(request, await inner(request))
            except Problem as exc:
                return exc.response()
            except RequestValidationError as exc:
                return _unreadable(exc).response()
            except _AWAY:
                return Problem(503, "The database is away. Please try again.", Retry_After="5").response()

        return handle


def tagged(request: Request, response: Response) -> Response:
    """The answer with its tag; nothing but that for whoever has it already."""
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    headers = _HEADERS | {"ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def _unreadable(exc: RequestValidationError) -> Problem:
    wrong = [Wrong(name=str(error["loc"][-1]), reason=str(error["msg"])) for error in exc.errors()]
    return Problem(422, "A parameter cannot be read.", errors=wrong)
