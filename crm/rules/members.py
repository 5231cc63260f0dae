"""Conditions on members: nested `all / any / not` over `{field, op, value}`, as those on leads are.

What is unknown is never true, except that it differs from everything: `ne` and `not_in` hold for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Discriminator, Field, Tag, model_validator

from crm.period import Period
from crm.rules import comparing
from crm.rules.sections.base import Part

Test = Callable[[Any], bool]
Op = Literal["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "exists"]
MemberField = Literal["role", "name", "email", "timezone", "language", "department", "tags", "tenure"]

_LISTS: dict[str, str] = {"department": "departments", "tags": "tags"}
_TEXT_OPS = ("eq", "ne", "in", "not_in", "contains", "exists")
_LIST_OPS = ("in", "not_in", "contains", "exists")


class MemberComparison(Part):
    """One comparison. `value` is a list for `in` and `not_in`, true or false for `exists`, a period for `tenure`."""

    field: MemberField
    op: Op = "eq"
    value: bool | str | tuple[str, ...] = True

    @model_validator(mode="after")
    def _sensible(self) -> MemberComparison:
        possible = tuple(comparing.ORDER) if self.field == "tenure" else _ops(self.field)
        if self.op not in possible:
            raise ValueError(f"{self.op} does not suit {self.field}; possible: {', '.join(possible)}")
        if (self.op == "exists") != isinstance(self.value, bool):
            raise ValueError("exists takes true or false, and nothing else does")
        if (self.op in {"in", "not_in"}) != isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes {'a list of values' if self.op in {'in', 'not_in'} else 'one value'}")
        if self.field == "tenure" and Period.parse(str(self.value)).is_working:
            raise ValueError("tenure is time on the calendar; only m, h and d are possible here")
        return self

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a member: a function, made at the first use."""
        if self.field == "tenure":
            return comparing.of_span("tenure", self.op, self.value)
        if self.field in _LISTS:
            return comparing.of_list(_LISTS[self.field], self.op, self.value)
        return comparing.of_column(self.field, self.op, self.value)


class AllOfMember(Part):
    """True if every part is, also if there is none."""

    all: tuple[MemberCondition, ...]

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a member: a function, made at the first use."""
        parts = tuple(part.holds for part in self.all)
        return lambda member: all(part(member) for part in parts)


class AnyOfMember(Part):
    """True if one of the parts is; false if there is none."""

    any: tuple[MemberCondition, ...]

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a member: a function, made at the first use."""
        parts = tuple(part.holds for part in self.any)
        return lambda member: any(part(member) for part in parts)


class NotMember(Part):
    """True if the part is not."""

    not_: MemberCondition = Field(alias="not")

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a member: a function, made at the first use."""
        part = self.not_.holds
        return lambda member: not part(member)


def _ops(field: str) -> tuple[str, ...]:
    return _LIST_OPS if field in _LISTS else _TEXT_OPS


def _shape(given: Any) -> str:
    if isinstance(given, BaseModel):
        return type(given).__name__
    keys = given if isinstance(given, dict) else {}
    shapes = (("all", "AllOfMember"), ("any", "AnyOfMember"), ("not", "NotMember"))
    return next((name for key, name in shapes if key in keys), "MemberComparison")


MemberCondition = Annotated[
    Annotated[AllOfMember, Tag("AllOfMember")]
    | Annotated[AnyOfMember, Tag("AnyOfMember")]
    | Annotated[NotMember, Tag("NotMember")]
    | Annotated[MemberComparison, Tag("MemberComparison")],
    Discriminator(_shape),
]
for _model in (AllOfMember, AnyOfMember, NotMember):
    _model.model_rebuild()
ANYBODY = AllOfMember(all=())
