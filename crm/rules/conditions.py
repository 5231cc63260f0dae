"""Conditions: nested `all / any / not` over `{field, op, value}`, neutral of where they are evaluated.

What is unknown is never true, except that it differs from everything: `ne` and `not_in` hold for it.
`holds` is the condition as a function of a lead's facts; `conditions_sql.py` makes SQL of the same tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, field_validator, model_validator

from crm.period import Period
from crm.rules import comparing
from crm.rules.comparing import Test

Op = Literal["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "exists"]
Plain = str | bool | int | Decimal
Kind = Literal["text", "number", "list", "span", "custom"]

TEXTS = (
    "status", "stage", "funnel", "origin", "source", "channel", "campaign", "level", "product", "region", "pool",
    "line", "kind",
)  # fmt: skip
NUMBERS = ("amount", "score", "touches", "wave")
LISTS = ("tags", "department")
SPANS = ("age",)
CUSTOM = "custom."
_OPS: dict[Kind, tuple[Op, ...]] = {
    "text": ("eq", "ne", "in", "not_in", "contains", "exists"),
    "number": ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "exists"),
    "list": ("in", "not_in", "contains", "exists"),
    "span": ("gt", "gte", "lt", "lte"),
    "custom": ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "contains", "exists"),
}
# For editors, which offer the names; the real check is `kind`.
_FIELD_SCHEMA = {"anyOf": [{"enum": [*TEXTS, *NUMBERS, *LISTS, *SPANS]}, {"type": "string", "pattern": r"^custom\..+"}]}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(_Part):
    """One comparison. `value` is a list for `in` and `not_in`, true or false for `exists`, a period for `age`."""

    field: Annotated[str, WithJsonSchema(_FIELD_SCHEMA)]
    op: Op = "eq"
    value: Plain | tuple[Plain, ...] = True

    @field_validator("field")
    @classmethod
    def _known(cls, name: str) -> str:
        kind(name)
        return name

    @field_validator("field", "value")
    @classmethod
    def _storable(cls, given: Any) -> Any:
        """What no text in the database can hold is a mistake, not a question to the database."""
        words = "".join(part for part in comparing.many(given) if isinstance(part, str))
        if "\0" in words or any("\ud800" <= char <= "\udfff" for char in words):
            raise ValueError("there is a character that no text can hold")
        return given

    @model_validator(mode="after")
    def _sensible(self) -> Comparison:
        found = kind(self.field)
        if self.op not in _OPS[found]:
            raise ValueError(f"{self.op} does not suit {self.field}; possible: {', '.join(_OPS[found])}")
        if (self.op in {"in", "not_in"}) != isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes {'a list of values' if self.op in {'in', 'not_in'} else 'one value'}")
        if self.op == "exists" and not isinstance(self.value, bool):
            raise ValueError("exists takes true or false")
        if self.op != "exists":
            self._fits(found)
        return self

    def _fits(self, found: Kind) -> None:
        """Raises ValueError where a value is of another kind than the field."""
        values = comparing.many(self.value)
        if found == "number" and not all(map(comparing.is_number, values)):
            raise ValueError(f"{self.field} is compared with numbers")
        if found in {"text", "list"} and not all(isinstance(value, str) for value in values):
            raise ValueError(f"{self.field} is compared with words; put others into quotes")
        if found == "span" and Period.parse(str(self.value)).is_working:
            raise ValueError(f"{self.field} is time on the clock; only m, h and d are possible here")

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a lead's facts: a function, made at the first use."""
        match kind(self.field):
            case "custom":
                return comparing.of_custom(self.field.removeprefix(CUSTOM), self.op, self.value)
            case "list":
                name = "department_path" if self.field == "department" else self.field
                return comparing.of_list(name, self.op, self.value)
            case "span":
                return comparing.of_span(self.field, self.op, self.value)
        return comparing.of_column(self.field, self.op, self.value)


class AllOf(_Part):
    """True if every part is, also if there is none."""

    all: tuple[Condition, ...]

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a lead's facts: a function, made at the first use."""
        return comparing.all_of(tuple(part.holds for part in self.all))


class AnyOf(_Part):
    """True if one of the parts is; false if there is none."""

    any: tuple[Condition, ...]

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a lead's facts: a function, made at the first use."""
        return comparing.any_of(tuple(part.holds for part in self.any))


class Not(_Part):
    """True if the part is not."""

    not_: Condition = Field(alias="not")

    @cached_property
    def holds(self) -> Test:
        """Whether this is true of a lead's facts: a function, made at the first use."""
        part = self.not_.holds
        return lambda facts: not part(facts)


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


def kind(name: str) -> Kind:
    """What a field holds. Raises ValueError for an unknown one."""
    kinds: dict[Kind, tuple[str, ...]] = {"text": TEXTS, "number": NUMBERS, "list": LISTS, "span": SPANS}
    found = next((each for each, names in kinds.items() if name in names), None)
    if found is None and name.startswith(CUSTOM) and len(name) > len(CUSTOM):
        return "custom"
    if found is None:
        known = ", ".join((*TEXTS, *NUMBERS, *LISTS, *SPANS))
        raise ValueError(f"there is no field {name!r}; fields: {known}, custom.NAME")
    return found


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison inside a condition."""
    match condition:
        case AllOf(all=parts) | AnyOf(any=parts):
            for part in parts:
                yield from comparisons(part)
        case Not(not_=part):
            yield from comparisons(part)
        case _:
            yield condition
