"""What the description of the HTTP interface says of the visitors' pages: they are pages, also when they say no."""

from __future__ import annotations

from typing import Any

Answers = dict[int | str, dict[str, Any]]


def _pages(said: dict[int, str]) -> Answers:
    page = {"text/html": {"schema": {"type": "string"}}}
    return {status: {"description": words, "content": page} for status, words in said.items()}


LOOKS = _pages(
    {
        404: "There is no such page.", 410: "The form is closed, or the event is over.", 503: "The database is away.",
    }
)  # fmt: skip
SENDS = LOOKS | _pages(
    {
        400: "What was sent cannot be read, or the page was damaged.", 413: "It is too large.", 415: "It is no form.",
        422: "The page again, with what is wrong at each field.", 429: "Too many were sent.",
    }
)  # fmt: skip
STYLE: Answers = {200: {"content": {"text/css": {"schema": {"type": "string"}}}}}
_ANY = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
FILE: Answers = LOOKS | {200: {"description": "The file, of whatever kind it is.", "content": _ANY}}
# What a form asks is said in the chat, so each has fields of its own.
_TYPED = {"type": "object", "additionalProperties": {"type": "string"}}
FORM = {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _TYPED}}}}
