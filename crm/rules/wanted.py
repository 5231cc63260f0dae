"""Which of the own leads a member wants to see, and in which order: what a saved list keeps, free of any database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from crm.rules.conditions import AllOf, Condition

# `urgent`: the nearest to being recycled first, which holds for whoever has chosen nothing.
Order = Literal["urgent", "due", "score", "newest", "stage", "amount", "starred"]
ORDERS: tuple[Order, ...] = get_args(Order)
Due = Literal["overdue", "today", "week"]
# What somebody may narrow down by: fields of a condition, and what is about the member alone.
Name = Literal[
    "stage",
    "source",
    "level",
    "region",
    "product",
    "tags",
    "amount",
    "score",
    "age",
    "untouched",
    "due",
    "starred",
    "text",
    "own",
]
Sign = Literal["is", "not", "gt", "gte", "lt", "lte"]


@dataclass(frozen=True, slots=True)
class Said:
    """One filter as somebody said it, before its values are looked up.

    Args:
        values: words, or one number: of an amount or score, or of days for `age` and `untouched`.
        field: the key of the company's own field, for `own`.
    """

    name: Name
    values: tuple[Any, ...] = ()
    sign: Sign = "is"
    field: str = ""


class Wanted(BaseModel):
    """Filters of the own open leads, all of which must hold.

    Attributes:
        condition: over the lead alone, in the language of the rules.
        untouched: whole days since the last follow-up, or since it came, at least.
        due: with an open reminder whose time is over, until the end of the day, or within seven days.
        text: part of a name, company or stage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    condition: Condition = AllOf(all=())
    untouched: Annotated[int, Field(ge=1, le=3650)] | None = None
    due: Due | None = None
    starred: bool = False
    text: str = ""

    @property
    def is_all(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Wanted()
