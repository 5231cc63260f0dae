"""One posted lead before anything is believed: its raw body, headers and sender, and why it may be turned away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_BODY = 256 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """What came over the wire. `headers` have lower-case names; `kind` is the media type without parameters."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    peer: str
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """The response: a status, a JSON object or plain text, and headers."""

    status: int
    content: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)


class TurnedAway(Exception):
    """A post that is not taken in. Args: status: 4xx or 503; content: the JSON object of the response."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        super().__init__(error)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Answer(status, {"error": error}, named)
