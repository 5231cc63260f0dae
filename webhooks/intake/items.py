"""What a post holds: leads, announcements of leads, things that people did, or nothing that is meant for us."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.models import Source
from crm.rules.arrival import Arrival
from crm.services.behaviour import Deed
from crm.uow import UnitOfWork
from webhooks.intake.belief import Secrets
from webhooks.intake.post import Answer, Post


@dataclass(frozen=True, slots=True)
class Came:
    """A lead. `own_id`: the sender's own id of it, "" when it has none."""

    arrival: Arrival
    own_id: str = ""


@dataclass(frozen=True, slots=True)
class Announced:
    """A lead that has to be fetched from the vendor by this id."""

    own_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wrong:
    """One of several leads that cannot be taken in, and why, by field."""

    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Passed:
    """Nothing to take in, and why."""

    why: str


Item = Came | Announced | Deed | Wrong | Passed


@dataclass(frozen=True, slots=True)
class Told:
    """What a post holds. `several`: the answer is a list, whatever the number; `answer` is what the vendor wants."""

    items: Sequence[Item]
    several: bool = False
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """How posts of one source are checked and read. Without `believes` it is public, and every answer is the same.

    Attributes:
        media: media types that are read beside JSON and forms.
        challenge: answers the vendor's question, by GET, whether the address is ours.
    """

    read: Callable[[UnitOfWork, Source, Post], Told]
    believes: Callable[[Post, Secrets], bool] | None
    media: Sequence[str] = field(default=())
    challenge: Callable[[Post, Secrets], Answer | None] | None = None

    @property
    def public(self) -> bool:
        return self.believes is None
