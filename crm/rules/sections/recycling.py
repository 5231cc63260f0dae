"""The rule set on neglect: when a lead goes back to a pool, the warnings before, and what puts it off."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from crm.period import Period, Span, Written
from crm.rules.conditions import Condition
from crm.rules.sections.base import ALWAYS, Count, Name, Part


class Recycle(Part):
    """One condition under which a neglected lead goes back to a pool.

    `leave` says whether days on which the owner is away count; working time never passes on them.
    """

    name: Name
    when: Condition = ALWAYS
    no_first_contact: Written | None = None
    no_follow_up: Written | None = None
    not_converted: Written | None = None
    stuck_in_stage: Written | None = None
    leave: Literal["counts", "pauses"] = "counts"
    to: Name | None = None

    @model_validator(mode="after")
    def _one_anchor(self) -> Recycle:
        given = [name for name in ANCHORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(ANCHORS)} is needed")
        return self

    @cached_property
    def anchor(self) -> str:
        """Which of the conditions it is."""
        return next(name for name in ANCHORS if getattr(self, name) is not None)

    @cached_property
    def period(self) -> Period:
        """How long the condition may last."""
        found: Period = getattr(self, self.anchor)
        return found


ANCHORS = ("no_first_contact", "no_follow_up", "not_converted", "stuck_in_stage")


class Exempt(Part):
    """Leads that no rule takes back while this holds, such as those with an open opportunity."""

    name: Name
    when: Condition


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else given


Above = Literal["manager", "above"]
Copied = Annotated[
    tuple[Above, ...] | None, BeforeValidator(_listed, json_schema_input_type=Above | tuple[Above, ...] | None)
]


class Step(Part):
    """A step of the warning ladder: how long before, and who reads along.

    `copy`: the owner's `manager`, and the managers `above` those. None: the manager, where it is the last step.
    """

    before: Span
    copy_to: Copied = Field(default=None, alias="copy")

    def copied(self, *, last: bool) -> tuple[str, ...]:
        """Who reads along. Args: last: this is the ladder's last step."""
        return self.copy_to if self.copy_to is not None else ("manager",) if last else ()


def _step(given: Any) -> Any:
    return {"before": given} if isinstance(given, str | Period) else given


Warn = Annotated[Step, BeforeValidator(_step, json_schema_input_type=Span | Step)]


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


LADDER = tuple(Step.model_validate({"before": words}) for words in ("3d", "1d", "2h"))
CONTACT, FOLLOW_UP = (
    Recycle(name="first contact", no_first_contact=Period(2, "d")),
    Recycle(name="follow-up", no_follow_up=Period(14, "d")),
)
