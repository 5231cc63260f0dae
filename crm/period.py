"""How long: `30m`, `24h`, `7d` on the clock, `8wh` working hours, `3wd` working days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

Unit = Literal["m", "h", "d", "wh", "wd"]

_WORDS = re.compile(r"(\d{1,5})\s*(wh|wd|m|h|d)")
_HELP = "write a period such as 30m, 24h, 7d, 8wh (working hours) or 3wd (working days)"


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time. Days keep the local time of day; working units count by a calendar."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, words: str) -> Period:
        """Read `24h` and its like. Raises ValueError."""
        found = _WORDS.fullmatch(words.strip().lower())
        if not found:
            raise ValueError(f"cannot read {words!r}: {_HELP}")
        unit = next(unit for unit in get_args(Unit) if unit == found[2])
        return cls(int(found[1]), unit)

    @property
    def is_working(self) -> bool:
        """Whether its end depends on a calendar's working time."""
        return self.unit in {"wh", "wd"}

    @property
    def longest(self) -> timedelta:
        """The span of a period on the clock (`30m`, `24h`, `7d`). Raises ValueError for working time."""
        match self.unit:
            case "m":
                return timedelta(minutes=self.amount)
            case "h":
                return timedelta(hours=self.amount)
            case "d":
                return timedelta(days=self.amount)
        raise ValueError(f"{self} has no fixed length")

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def _read(given: Any) -> Any:
    return Period.parse(given) if isinstance(given, str) else given


def _some(period: Period) -> Period:
    if period.amount == 0:
        raise ValueError("longer than nothing")
    return period


def _on_the_clock(period: Period) -> Period:
    if period.is_working:
        raise ValueError(f"{period} is working time; only m, h and d are possible here")
    return period


_SCHEMA = {"type": "string", "pattern": r"^\d{1,5}\s*(wh|wd|m|h|d)$"}

# The form in which rule sets carry periods: written as words, never zero / on the clock only.
Written = Annotated[
    Period, BeforeValidator(_read), AfterValidator(_some), PlainSerializer(str), WithJsonSchema(_SCHEMA)
]
Span = Annotated[
    Period, BeforeValidator(_read), AfterValidator(_on_the_clock), PlainSerializer(str), WithJsonSchema(_SCHEMA)
]
