"""One way to drive every chat platform in a test: say, tap, submit, and look at what a person would see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Seen:
    """A card as one person sees it: words, the labels to tap, and where it stands (opaque to tests)."""

    title: str
    text: str
    buttons: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    place: Any = field(default=None, repr=False)


class Driver(Protocol):
    """One person at one platform, going through the real HTTP door with real payloads."""

    def says(self, text: str, *, conversation: str | None = None) -> Seen:
        """Type a message or command; returns the answer (after running due jobs where the platform answers late)."""
        ...

    def taps(self, seen: Seen, label: str) -> Seen:
        """Tap a button by label; returns the card after it, or the form that opened (`inputs` filled)."""
        ...

    def submits(self, form: Seen, **fields: str) -> Seen:
        """Fill and send a form (or the platform's substitute for one)."""
        ...

    def inbox(self) -> list[Seen]:
        """Cards pushed to this person so far, in their newest form, oldest first."""
        ...

    def group(self, conversation: str) -> list[Seen]:
        """Cards standing in a group, in their newest form, oldest first."""
        ...
