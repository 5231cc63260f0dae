"""What the page, and whoever drives the playground from outside, may send."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MAX_TEXT = 20_000
BIGGEST = 2**53 - 1


def _well_formed(text: str) -> str:
    """JSON can smuggle halves of characters in; nothing behind this door could store them."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("contains half a character")
    return text


def _plain(name: str) -> str:
    if not re.fullmatch(r"[\w.@+-]+", name):
        raise ValueError("may hold letters, digits and . _ - @ + only")
    return name


Words = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_well_formed)]
Short = Annotated[str, Field(max_length=200), AfterValidator(_well_formed)]
Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_plain)]
Number = Annotated[int, Field(ge=0, le=BIGGEST)]


class Body(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class Spoken(Body):
    """Something that a person puts into a chat: `to` is `sluice` (private) or a group's key."""

    who: Name = Field(alias="as")
    to: Annotated[Short, Field(min_length=1)] = "sluice"
    key: Name | None = None
    lang: Name | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.to.startswith("dm:") and self.to != f"dm:{self.who}":
            raise ValueError("a private chat is always with sluice")
        if self.group is not None:
            _plain(self.group)
        return self

    @property
    def group(self) -> str | None:
        """The group's key, or None for the private chat."""
        if self.to in ("sluice", "dm", f"dm:{self.who}"):
            return None
        return self.to.removeprefix("group:")


class Say(Spoken):
    """A typed line. A repeat with the same `key` acts once."""

    text: Annotated[Words, Field(min_length=1)]
    reply_to: Number | None = None


class Upload(Spoken):
    """A file dropped into the chat: its name and type, its bytes in base64, and what was said with it."""

    name: Annotated[Short, Field(min_length=1)]
    mime: Short = ""
    data: Annotated[str, Field(min_length=1)]
    text: Words = ""
    reply_to: Number | None = None


class Press(Body):
    """A tap on a card's button or select, or a filled form (with `fields`). `version` as drawn, else the card's own."""

    who: Name = Field(alias="as")
    message: Number | None = None
    action: Annotated[Short, Field(min_length=1)]
    value: Words | None = None
    version: Number | None = None
    fields: Annotated[dict[Short, Words], Field(max_length=60)] | None = None
    key: Name | None = None
    lang: Name | None = None


class SetClock(Body):
    """Exactly one of: a moment in ISO 8601, a shift such as +1d2h, or back to the machine's own time."""

    set: Short | None = None
    shift: Short | None = None
    reset: bool = False

    @model_validator(mode="after")
    def _one(self) -> SetClock:
        if [self.set is not None, self.shift is not None, self.reset].count(True) != 1:
            raise ValueError("give exactly one of set, shift and reset")
        return self
