"""What a company's own chat tells of its people and of the customers they have as contacts, free of any platform."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from crm.rules import clean

ROOT = frozenset({"", "0"})
"""Above the uppermost department."""
TAG, TAGS = 40, 20
"""Characters of a tag, and how many of them a customer has here at most."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A department. `parent` is the id of the one above it, one of `ROOT` for the company itself."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the company. What is not told is empty; `leads` says that the main department (`unit`) is theirs."""

    user: str
    name: str = ""
    email: str = ""
    unit: str = ""
    leads: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer as one member has them: `remark` and `mobiles` are what the member noted, `name` is their own.

    `state` names the way by which they met, such as a poster's code; `since` is when.
    """

    id: str
    name: str = ""
    remark: str = ""
    company: str = ""
    title: str = ""
    unionid: str = ""
    mobiles: tuple[str, ...] = ()
    tags: tuple[str, ...] | None = None
    state: str = ""
    since: datetime | None = None

    @property
    def called(self) -> str:
        """How to call the customer here."""
        return self.remark or self.name

    def tidy(self) -> Contact:
        """The same in words fit to keep: people write whatever they like in their chats."""
        tags = None if self.tags is None else tuple(clean.line(tag, TAG) for tag in self.tags)
        return replace(
            self, name=clean.line(self.name), remark=clean.line(self.remark), company=clean.line(self.company),
            title=clean.line(self.title), tags=tags and tuple(dict.fromkeys(tag for tag in tags if tag))[:TAGS],
        )  # fmt: skip
