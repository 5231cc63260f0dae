"""Conditions: nested `all / any / not` over `{field, op, value}`, neutral of where they are evaluated.

What is unknown is never true, except that it differs from everything: `ne` and `not_in` hold for it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from crm.rules.facts import LeadFacts

Op = Literal["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "exists"]
Plain = str | bool | int | Decimal

TEXTS = (
    "status", "stage", "funnel", "origin", "source", "channel", "campaign", "level", "product", "region", "pool",
    "line", "kind",
)  # fmt: skip
NUMBERS = ("amount", "score", "touches", "wave")
LISTS = ("tags", "department")
CUSTOM = "custom."
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip
_OPS = {
    "text": ("eq", "ne", "in", "not_in", "contains", "exists"),
    "number": ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "exists"),
    "list": ("in", "not_in", "contains", "exists"),
    "custom": ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "exists"),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(_Part):
    """One comparison. `value` is a list for `in` and `not_in`, true or false for `exists`."""

    field: str
    op: Op = "eq"
    value: Plain | tuple[Plain, ...] = True

    @field_validator("field")
    @classmethod
    def _known(cls, name: str) -> str:
        kind(name)
        return name

    @model_validator(mode="after")
    def _sensible(self) -> Comparison:
        if self.op not in _OPS[kind(self.field)]:
            raise ValueError(f"{self.op} does not suit {self.field}; possible: {', '.join(_OPS[kind(self.field)])}")
        if (self.op in {"in", "not_in"}) != isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes {'a list of values' if self.op in {'in', 'not_in'} else 'one value'}")
        if self.op == "exists" and not isinstance(self.value, bool):
            raise ValueError("exists takes true or false")
        if kind(self.field) == "number" and self.op != "exists" and not all(map(_is_number, _many(self.value))):
            raise ValueError(f"{self.field} is compared with numbers")
        return self

    def holds(self, facts: LeadFacts) -> bool:
        """Whether this is true of the lead."""
        return _compare(_value(facts, self.field), self.op, self.value)


class AllOf(_Part):
    all: tuple[Condition, ...]

    def holds(self, facts: LeadFacts) -> bool:
        """Whether every part is true; true if there is none."""
        return all(part.holds(facts) for part in self.all)


class AnyOf(_Part):
    any: tuple[Condition, ...]

    def holds(self, facts: LeadFacts) -> bool:
        """Whether a part is true; false if there is none."""
        return any(part.holds(facts) for part in self.any)


class Not(_Part):
    not_: Condition = Field(alias="not")

    def holds(self, facts: LeadFacts) -> bool:
        """Whether the part is not true."""
        return not self.not_.holds(facts)


def _shape(given: Any) -> str:
    if isinstance(given, BaseModel):
        return type(given).__name__
    keys = given if isinstance(given, dict) else {}
    return next(
        (name for key, name in (("all", "AllOf"), ("any", "AnyOf"), ("not", "Not")) if key in keys), "Comparison"
    )


Condition = Annotated[
    Annotated[AllOf, Tag("AllOf")]
    | Annotated[AnyOf, Tag("AnyOf")]
    | Annotated[Not, Tag("Not")]
    | Annotated[Comparison, Tag("Comparison")],
    Discriminator(_shape),
]
for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def kind(name: str) -> Literal["text", "number", "list", "custom"]:
    """What a field holds. Raises ValueError for an unknown one."""
    if name in TEXTS:
        return "text"
    if name in NUMBERS:
        return "number"
    if name in LISTS:
        return "list"
    if name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        return "custom"
    raise ValueError(f"there is no field {name!r}; fields: {', '.join((*TEXTS, *NUMBERS, *LISTS))}, custom.NAME")


def _value(facts: LeadFacts, name: str) -> Any:
    if name.startswith(CUSTOM):
        return facts.custom.get(name.removeprefix(CUSTOM))
    return facts.department_path if name == "department" else getattr(facts, name)


def _compare(value: Any, op: Op, wanted: Any) -> bool:
    if op == "exists":
        return (value not in (None, "", ())) is wanted
    if isinstance(value, tuple | list):
        return _compare_list(value, op, wanted)
    if op in _ORDER:
        return type(value) is not bool and _alike(value, wanted) and _ORDER[op](value, wanted)
    if op == "contains":
        return isinstance(value, str) and str(wanted) in value
    return (value in _many(wanted)) is (op in {"eq", "in"})


def _compare_list(value: tuple[Any, ...] | list[Any], op: Op, wanted: Any) -> bool:
    found = any(one in _many(wanted) for one in value)
    return found is (op in {"in", "contains", "eq"})


def _alike(one: Any, other: Any) -> bool:
    return (_is_number(one) and _is_number(other)) or (isinstance(one, str) and isinstance(other, str))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _many(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
