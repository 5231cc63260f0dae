"""The rule set on dispatch: which lead is dealt to whom, in whose turn, and within which caps."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crm.rules.conditions import Condition
from crm.rules.members import ANYBODY, MemberCondition
from crm.rules.sections.base import ALWAYS, Count, Name, Part
from crm.rules.sections.offering import Handing

Weight = Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=3)]


class To(Part):
    """To whom a rule deals: any of these. Members by e-mail address or name.

    Attributes:
        where: what must be true of them.
        prefer: what should be: who fits the first condition goes first, others only when none of those is left.
    """

    departments: tuple[Name, ...] = ()
    roles: tuple[Name, ...] = ("rep",)
    members: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()
    where: MemberCondition = ANYBODY
    prefer: tuple[MemberCondition, ...] = ()


class Caps(Part):
    """How many leads one member may be dealt in a day, a week from Monday and a month of the member's own calendar."""

    per_day: Count | None = None
    per_week: Count | None = None
    per_month: Count | None = None


class Weights(Part):
    """How large a part each gets: by e-mail address or name, else by the first tag written here, else the default."""

    members: dict[Name, Weight] = Field(default_factory=dict)
    tags: dict[Name, Weight] = Field(default_factory=dict)
    default: Weight = Decimal(1)


class Dispatch(Handing):
    """One way to deal leads. How it hands a lead over is in `Handing`.

    Attributes:
        shares: the part of each branch, by department; members take turns within theirs.
        period: when counting the branches' parts begins anew.
        full_branch: whether the part of a branch in which nobody is free waits for it or falls over to the others.
    """

    name: Name
    when: Condition = ALWAYS
    to: To = To()
    strategy: Literal["round_robin", "weighted", "least_loaded", "direct"] = "round_robin"
    weights: Weights | None = None
    shares: dict[Name, Weight] = Field(default_factory=dict)
    period: Literal["day", "week", "month", "ever"] = "ever"
    full_branch: Literal["wait", "fall_over"] = "fall_over"
    caps: Caps = Caps()
    working_hours: bool = True
    fallback: Name | None = None

    @model_validator(mode="after")
    def _everything_has_an_effect(self) -> Dispatch:
        if (self.weights is not None) != (self.strategy == "weighted"):
            raise ValueError("weights and the strategy weighted belong together")
        if self.strategy == "direct" and not self.to.members:
            raise ValueError("the strategy direct needs to.members, in order")
        if not self.shares and {"period", "full_branch"} & self.model_fields_set:
            raise ValueError("period and full_branch are for rules with shares")
        return self
