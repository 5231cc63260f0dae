"""What a chart shows, before it is drawn: names, figures and the words around them, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["up", "down", "same"]


@dataclass(frozen=True, slots=True)
class Delta:
    """A change against the period before, as shown; `direction` says whether the figure rose."""

    text: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Bar:
    """One step of the funnel. `before` is the count of the period before, drawn as a mark; `rate` is `62%`."""

    label: str
    count: int
    before: int | None = None
    rate: str = ""
    delta: Delta | None = None
    good: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What came into a pool, what left it, and what lies in it."""

    label: str
    inflow: int
    outflow: int
    level: int


@dataclass(frozen=True, slots=True)
class Words:
    """Headings and captions."""

    rate: str
    before: str
    pools: str = ""
    inflow: str = ""
    outflow: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A cohort funnel with, beneath it, the flow of pools; `lost` stands apart, `notes` are figures such as speed."""

    title: str
    subtitle: str
    bars: tuple[Bar, ...]
    words: Words
    lost: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    flows: tuple[Flow, ...] = ()
