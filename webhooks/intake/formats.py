"""The formats in which leads are posted, by the kind of source. A new one is a file beside this and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.rules.arrival import Arrival
from crm.services.sources import FORM, KEYED
from webhooks.intake import generic, standard
from webhooks.intake.post import Post

Read = Callable[[Mapping[str, Any]], tuple[Arrival, str]]
Verify = Callable[[Post, Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class Format:
    """How posts of one kind are checked and read. Without `verify` it is public, and every answer is the same."""

    read: Read
    verify: Verify | None

    @property
    def public(self) -> bool:
        return self.verify is None


FORMATS: dict[str, Format] = {
    KEYED: Format(generic.read, standard.is_authentic),
    FORM: Format(generic.read, None),
}
