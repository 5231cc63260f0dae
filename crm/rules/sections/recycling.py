"""The rule set on neglect: when a lead goes back to a pool, the warnings before, and what puts it off."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from crm.period import Period, Span, Written
from crm.rules.conditions import Condition
from crm.rules.sections.base import ALWAYS, Count, Name, Part


class Recycle(Part):
    """One condition under which a neglected lead goes back to a pool."""

    name: Name
    when: Condition = ALWAYS
    no_first_contact: Written | None = None
    no_follow_up: Written | None = None
    not_converted: Written | None = None
    to: Name | None = None

    @model_validator(mode="after")
    def _one_anchor(self) -> Recycle:
        given = [name for name in ANCHORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(ANCHORS)} is needed")
        return self

    @property
    def anchor(self) -> str:
        """Which of the conditions it is."""
        return next(name for name in ANCHORS if getattr(self, name) is not None)

    @property
    def period(self) -> Period:
        """How long the condition may last."""
        found: Period = getattr(self, self.anchor)
        return found


ANCHORS = ("no_first_contact", "no_follow_up", "not_converted")


class Extend(Part):
    """How far one extension moves the clock, and how many of them one ownership has."""

    by: Span = Period(3, "d")
    times: Count = 2


class TaskHold(Part):
    """A planned task keeps the lead until its time and `grace`, at most `cap` beyond the rule's own deadline."""

    grace: Span = Period(1, "d")
    cap: Span = Period(14, "d")


class Breaker(Part):
    """A recycle run that would take more than this share of a team's open leads, and at least so many, asks first."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    at_least: Count = 20


CONTACT, FOLLOW_UP = (
    Recycle(name="first contact", no_first_contact=Period(2, "d")),
    Recycle(name="follow-up", no_follow_up=Period(14, "d")),
)
