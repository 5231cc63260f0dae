"""The rule set on points: what makes a lead worth being shown before another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from crm.period import Period, Span
from crm.rules.conditions import AllOf, AnyOf, Comparison, Condition, Not
from crm.rules.sections.base import ALWAYS, Name, Part

# What a lead is by itself: neither whose it is, nor what lapses unnoticed, nor the score.
SCORABLE = (
    "origin", "source", "channel", "campaign", "level", "product", "region", "line", "kind", "stage", "funnel",
    "amount", "touches", "wave", "tags",
)  # fmt: skip
Points = Annotated[int, Field(ge=-1000, le=1000)]
Fit = Literal["phone", "wechat", "email", "name", "company", "title", "product", "amount", "referrer"]
Step = Literal["contacted", "qualified", "opportunity"]
LEVELS: dict[Name, Points] = {"S": 30, "A": 30, "B": 20, "C": 10}
FIT: dict[Fit, Points] = {
    "phone": 10, "wechat": 10, "email": 5, "name": 5, "company": 5, "product": 5, "amount": 10, "referrer": 15,
}  # fmt: skip
ACTIVITY: dict[Step, Points] = {"contacted": 5, "qualified": 10, "opportunity": 20}


class Extra(Part):
    """Points for a lead that a condition fits; negative ones count against it."""

    name: Name
    when: Condition = ALWAYS
    points: Points

    @field_validator("when")
    @classmethod
    def _of_the_lead_itself(cls, when: Condition) -> Condition:
        for name in _fields(when):
            if not name.startswith("custom.") and name not in SCORABLE:
                raise ValueError(f"points cannot depend on {name}; possible: {', '.join(SCORABLE)}, custom.NAME")
        return when


class Touches(Part):
    """Points for each time a customer came in again, up to `most` points."""

    each: Points = 5
    most: Points = 20


class Recent(Part):
    """Points while the customer came in not longer ago than this."""

    within: Span
    points: Points


class Scoring(Part):
    """Points by what is known of a lead; all that fit add up, and never to less than nothing.

    Attributes:
        sources, levels: points by key of the source, by level.
        fit: for what is known of the customer; activity: for the step that was reached, the farthest counts.
        events: for what a customer did in the product, by the event's name, however often.
        recency: the shortest that fits counts, so a score falls step by step by itself.
    """

    points: tuple[Extra, ...] = ()
    sources: dict[Name, Points] = Field(default_factory=dict)
    levels: dict[Name, Points] = Field(default_factory=lambda: dict(LEVELS))
    fit: dict[Fit, Points] = Field(default_factory=lambda: dict(FIT))
    touches: Touches = Touches()
    events: dict[Name, Points] = Field(default_factory=dict)
    activity: dict[Step, Points] = Field(default_factory=lambda: dict(ACTIVITY))
    recency: tuple[Recent, ...] = (
        Recent(within=Period(1, "d"), points=20),
        Recent(within=Period(7, "d"), points=10),
    )

    _steps: list[tuple[timedelta, Recent]] = PrivateAttr(default_factory=list)
    _asked: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Scoring:
        names = [one.name for one in self.points]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the name {twice[0]!r} is used twice")
        self._asked.extend(sorted({name for one in self.points for name in _fields(one.when)}))
        self._steps.extend(sorted(((step.within.longest, step) for step in self.recency), key=lambda step: step[0]))
        return self

    @property
    def steps(self) -> Sequence[tuple[timedelta, Recent]]:
        """The steps of recency with their lengths, the shortest first."""
        return self._steps

    @property
    def asked(self) -> Sequence[str]:
        """The facts on which the points of conditions depend."""
        return self._asked


def _fields(when: Condition) -> Iterator[str]:
    match when:
        case Comparison():
            yield when.field
        case Not():
            yield from _fields(when.not_)
        case AllOf():
            yield from (name for part in when.all for name in _fields(part))
        case AnyOf():
            yield from (name for part in when.any for name in _fields(part))
