"""The neutral card: what a message says and offers, before any platform decides how it looks.

A card is immutable data. Templates produce it (`parser.py`), platforms render it (`bot/platforms`),
and `plain()` is the
twin for notifications, screen readers and tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["normal", "good", "warn", "bad"]
ButtonStyle = Literal["plain", "primary", "danger"]
TextStyle = Literal["normal", "strong", "quiet"]
InputKind = Literal["text", "multiline", "number", "date", "time", "datetime", "select", "member", "lead", "hidden"]


@dataclass(frozen=True, slots=True)
class Button:
    """A tap. `value` travels back unchanged; `more` marks the first to go into an overflow menu when room is short."""

    action: str
    label: str
    value: str = ""
    style: ButtonStyle = "plain"
    confirm: str | None = None
    url: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Select:
    """A choice of one. The chosen option's value comes back as the interaction's `value`."""

    action: str
    label: str
    options: tuple[Option, ...]
    chosen: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form; its answer comes back as `fields[name]` (date YYYY-MM-DD, time HH:MM, datetime both).

    A `lead` answers a reference or words that find it, a `member` without options a name. `only_if` (`outcome=lost`)
    names the answer of a select that makes it worth asking; where dialogs cannot change while they are open, it is
    asked always, so it is optional there.
    """

    name: str
    label: str
    kind: InputKind = "text"
    options: tuple[Option, ...] = ()
    value: str = ""
    optional: bool = False
    hint: str = ""
    only_if: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a dialog asks. Submitting it is the interaction `action` with `value` and the inputs as `fields`."""

    action: str
    title: str
    submit: str
    inputs: tuple[Input, ...]
    value: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    style: TextStyle = "normal"


@dataclass(frozen=True, slots=True)
class Field:
    """A fact. `ours`: an address that we made ourselves, which is shown so that it can be copied."""

    label: str
    value: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    items: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a list, such as one lead of `my`, with a detail under it and at most two buttons beside it."""

    text: str
    detail: str = ""
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as PNG bytes; `alt` says in words what it shows."""

    png: bytes = field(repr=False)
    alt: str
    name: str = "chart.png"


@dataclass(frozen=True, slots=True)
class Actions:
    items: tuple[Button | Select, ...]


@dataclass(frozen=True, slots=True)
class Divider:
    pass


Block = Text | Fields | Row | Image | Actions | Divider


@dataclass(frozen=True, slots=True)
class Card:
    """One message. `ref` is the reference of the lead that it is about; `version` its record version (see wire)."""

    title: str
    blocks: tuple[Block, ...] = ()
    ref: str = ""
    tone: Tone = "normal"
    footer: str = ""
    version: int | None = None

    def buttons(self) -> Iterator[Button]:
        """Every button, in reading order."""
        for block in self.blocks:
            if isinstance(block, Row):
                yield from block.buttons
            if isinstance(block, Actions):
                yield from (item for item in block.items if isinstance(item, Button))

    def selects(self) -> Iterator[Select]:
        """Every choice, in reading order."""
        for block in self.blocks:
            if isinstance(block, Actions):
                yield from (item for item in block.items if isinstance(item, Select))

    def plain(self) -> str:
        """The card as text, one line per thing said."""
        lines = [f"{self.title} ({self.ref})" if self.ref and self.ref not in self.title else self.title]
        for block in self.blocks:
            lines.extend(_plain(block))
        lines.extend([self.footer] if self.footer else [])
        return "\n".join(lines)


def _plain(block: Block) -> list[str]:
    match block:
        case Text(text=text):
            return [text]
        case Fields(items=items):
            return [f"{item.label}: {item.value}" for item in items]
        case Row(text=text, detail=detail):
            return [f"• {text}", *([f"  {detail}"] if detail else [])]
        case Image(alt=alt):
            return [alt]
        case Actions(items=items):
            return [" ".join(f"[{item.label}]" for item in items)]
        case _:
            return []
