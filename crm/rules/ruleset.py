"""The rule set: what a YAML text says, checked, with a default for everything. A compiled version never changes."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from crm.errors import RuleSetInvalid
from crm.period import Period, Span, Written
from crm.rules.conditions import AllOf, Condition
from crm.rules.written import Document

__all__ = ["ALWAYS", "Dispatch", "Pool", "Recycle", "Rules", "parse"]

ALWAYS = AllOf(all=())
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=60)]


def _time_of_day(given: Any) -> Any:
    # YAML 1.1 reads 18:00 as a number to the base of sixty.
    return time(*divmod(given, 60)) if isinstance(given, int) and 0 <= given < 1440 else given


class Part(BaseModel):
    """A part of the rule set: nothing unknown in it, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Capacity(Part):
    """How many open leads somebody may hold; the most specific entry wins. None means no limit."""

    default: Count | None = 200
    roles: dict[str, Count | None] = {}
    departments: dict[str, Count | None] = {}
    members: dict[str, Count | None] = {}


class Claim(Part):
    """Claiming from pools: quota, capacity, and who has to wait."""

    per_day: Count | None = 30
    per_week: Count | None = None
    capacity: Capacity = Capacity()
    cool_down: Span = Period(7, "d")
    embargo: Span = Period(0, "h")


class Pool(Part):
    """What differs in one pool; what is absent is as in `claim`. `target` is where its leads return to."""

    per_day: Count | None = None
    per_week: Count | None = None
    cool_down: Span | None = None
    embargo: Span | None = None
    target: Name | None = None


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


class To(Part):
    """To whom a rule deals: any of these. Members by e-mail address or name."""

    departments: tuple[Name, ...] = ()
    roles: tuple[Name, ...] = ("rep",)
    members: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()


class Caps(Part):
    per_day: Count | None = None


class Dispatch(Part):
    """One way to deal leads. `nobody` says what happens when no candidate is left: the fallback pool, or wait."""

    name: Name
    when: Condition = ALWAYS
    to: To = To()
    strategy: Literal["round_robin"] = "round_robin"
    mode: Literal["assign"] = "assign"
    caps: Caps = Caps()
    working_hours: bool = True
    nobody: Literal["pool", "hold"] = "pool"
    fallback: Name | None = None


class Digest(Part):
    """The local hour of the daily funnel message."""

    at: Annotated[time, BeforeValidator(_time_of_day)] = time(18)


class Breaker(Part):
    """A recycle run that would take more than this share of a team's open leads, and at least so many, asks first."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    at_least: Count = 20


class Keep(Part):
    """How long technical records are kept before they are purged."""

    deliveries: Span = Period(7, "d")
    messages: Span = Period(30, "d")
    decisions: Span = Period(400, "d")


CONTACT, FOLLOW_UP = (
    Recycle(name="first contact", no_first_contact=Period(2, "d")),
    Recycle(name="follow-up", no_follow_up=Period(14, "d")),
)


class Rules(Part):
    """A whole rule set. `Rules()` is what an organization without one has."""

    claim: Claim = Claim()
    pools: dict[str, Pool] = {}
    recycle: tuple[Recycle, ...] = (CONTACT, FOLLOW_UP)
    warn: tuple[Span, ...] = (Period(3, "d"), Period(1, "d"), Period(2, "h"))
    extend: Extend = Extend()
    task_hold: TaskHold = TaskHold()
    dispatch: tuple[Dispatch, ...] = ()
    affinity: bool = True
    fallback_pool: Name | None = None
    digest: Digest = Digest()
    breaker: Breaker = Breaker()
    undo_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    keep: Keep = Keep()
    _by_name: dict[str, Recycle] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Rules:
        for rules in (self.recycle, self.dispatch):
            names = [rule.name for rule in rules]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the name {twice[0]!r} is used twice")
        self._by_name.update({rule.name: rule for rule in self.recycle})
        return self

    @property
    def ladder(self) -> tuple[Period, ...]:
        """The warning steps, the farthest from the recycle first."""
        return tuple(sorted(self.warn, key=lambda step: step.longest, reverse=True))

    def recycle_rule(self, name: str | None) -> Recycle | None:
        """The recycle rule of that name."""
        return self._by_name.get(name or "")


_PLAINER = {
    "extra_forbidden": "there is no such field",
    "missing": "is missing",
    "dict_type": "takes fields",
    "model_type": "takes fields",
    "model_attributes_type": "takes fields",
    "tuple_type": "takes a list",
}


def parse(text: str) -> Rules:
    """Read a rule set.

    Raises:
        RuleSetInvalid: with the first mistakes in `problem`, each with its line and field.
    """
    document = Document.read(text)
    try:
        return Rules.model_validate(document.data)
    except ValidationError as exc:
        found = [
            document.point_out(error["loc"], _PLAINER.get(error["type"], error["msg"])) for error in exc.errors()[:5]
        ]
        raise RuleSetInvalid(problem="; ".join(found)) from None
