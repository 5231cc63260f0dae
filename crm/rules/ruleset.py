"""The rule set: what a YAML text says, checked, with a default for everything. A compiled version never changes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PrivateAttr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from crm.errors import RuleSetInvalid
from crm.period import Period
from crm.rules import conditions
from crm.rules.sections.accessing import Access
from crm.rules.sections.base import ALWAYS, Name, Part
from crm.rules.sections.claiming import Claim, Pool, Protect
from crm.rules.sections.contacting import Contact
from crm.rules.sections.deduping import Dedupe
from crm.rules.sections.dispatching import Caps, Dispatch, To
from crm.rules.sections.leaving import Leaving
from crm.rules.sections.nurturing import Nurture
from crm.rules.sections.offering import FirstResponse, FollowingLine
from crm.rules.sections.recycling import (
    ANCHORS,
    CONTACT,
    FOLLOW_UP,
    LADDER,
    Breaker,
    Exempt,
    Extend,
    Recycle,
    Step,
    TaskHold,
    Warn,
)
from crm.rules.sections.running import Digest, Keep
from crm.rules.sections.scoring import Scoring
from crm.rules.sections.telling import Notices
from crm.rules.sections.watching import Health
from crm.rules.written import Document

__all__ = ["ALWAYS", "Caps", "Dispatch", "Keep", "Pool", "Recycle", "Rules", "To", "parse"]


class Rules(Part):
    """A whole rule set. `Rules()` is what an organization without one has."""

    claim: Claim = Claim()
    pools: dict[str, Pool] = Field(default_factory=dict)
    protect: Protect = Protect()
    recycle: tuple[Recycle, ...] = (CONTACT, FOLLOW_UP)
    exempt: tuple[Exempt, ...] = ()
    warn: tuple[Warn, ...] = LADDER
    extend: Extend = Extend()
    task_hold: TaskHold = TaskHold()
    nurture: Nurture = Nurture()
    contact: tuple[Contact, ...] = ()
    dedupe: Dedupe = Dedupe()
    dispatch: tuple[Dispatch, ...] = ()
    caps: Caps = Caps()
    affinity: bool = True
    fallback_pool: Name | None = None
    first_response: tuple[FirstResponse, ...] = ()
    lines: dict[Name, FollowingLine] = Field(default_factory=dict)
    score: Scoring = Scoring()
    digest: Digest = Digest()
    notices: Notices = Notices()
    health: Health = Health()
    breaker: Breaker = Breaker()
    undo_minutes: Annotated[int, Field(ge=1, le=1440)] = 10
    access: Access = Access()
    leaving: Leaving = Leaving()
    keep: Keep = Keep()
    _by_name: dict[str, Recycle] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Rules:
        for rules in (self.recycle, self.dispatch, self.first_response, self.exempt, self.contact):
            names = [rule.name for rule in rules]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the name {twice[0]!r} is used twice")
        self._by_name.update({rule.name: rule for rule in self.recycle})
        return self

    @model_validator(mode="after")
    def _clocks_stand_on_facts(self) -> Rules:
        """A clock is worked out when facts change; a condition that comes true by itself would be noticed by nobody."""
        named = [(rule.name, rule.when) for rule in self.recycle] + [(one.name, one.when) for one in self.exempt]
        for name, when in named:
            if any(one.field in conditions.SPANS for one in conditions.comparisons(when)):
                raise ValueError(f"{name!r}: age grows by itself; say how long with {', '.join(ANCHORS)}")
        return self

    @property
    def steps(self) -> tuple[Step, ...]:
        """The warning steps, the farthest from the recycle first."""
        return tuple(sorted(self.warn, key=lambda step: step.before.longest, reverse=True))

    @property
    def ladder(self) -> tuple[Period, ...]:
        """How long before the recycle each warning comes, the longest first."""
        return tuple(step.before for step in self.steps)

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
    "int_parsing": "takes a whole number, not {given!r}",
    "int_type": "takes a whole number, not {given!r}",
    "int_from_float": "takes a whole number, not {given!r}",
    "decimal_parsing": "takes a number, not {given!r}",
    "decimal_type": "takes a number, not {given!r}",
    "bool_parsing": "takes true or false, not {given!r}",
    "bool_type": "takes true or false, not {given!r}",
    "string_type": "takes words, not {given!r}",
    "dataclass_type": "takes a period such as 30m, 24h or 7d, not {given!r}",
    "literal_error": "takes one of {expected}, not {given!r}",
    "greater_than_equal": "takes {ge} or more, not {given!r}",
    "greater_than": "takes more than {gt}, not {given!r}",
    "less_than_equal": "takes {le} or less, not {given!r}",
}


def _plain(error: ErrorDetails) -> str:
    """What is wrong in a few words, with what was given."""
    words = _PLAINER.get(error["type"])
    return words.format(given=error["input"], **error.get("ctx", {})) if words else error["msg"]


def parse(text: str) -> Rules:
    """Read a rule set.

    Raises:
        RuleSetInvalid: with the first mistakes in `problem`, each with its line and field.
    """
    document = Document.read(text)
    try:
        return Rules.model_validate(document.data)
    except ValidationError as exc:
        found = [document.point_out(error["loc"], _plain(error)) for error in exc.errors()[:5]]
        raise RuleSetInvalid(problem="; ".join(found)) from None
