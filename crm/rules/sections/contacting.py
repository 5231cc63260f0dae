"""The rule set on life stages: where a customer is not to be sold to now, and what may be done instead."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from crm.rules.conditions import Condition
from crm.rules.sections.base import Name, Part

Deed = Literal["claim", "assign", "dispatch", "remind"]


class Contact(Part):
    """What must not be done with leads of one life stage. `selling: false` forbids all; `instead` is what may be done.

    Of several that fit a lead, each forbids what it names.
    """

    name: Name
    when: Condition
    forbid: tuple[Deed, ...] = ()
    selling: bool = True
    instead: Literal["nurture", "release", "note", "log"] | None = None

    @model_validator(mode="after")
    def _forbids_something(self) -> Contact:
        if self.selling and not self.forbid:
            raise ValueError("name what it forbids: selling: false, or forbid: [claim, dispatch]")
        return self

    def forbids(self, deed: Deed) -> bool:
        """Whether that must not be done."""
        return not self.selling or deed in self.forbid
