"""The rule set on pools: how much somebody may claim and hold, who has to wait, and what may be shielded."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crm.period import Period, Span
from crm.rules.sections.base import Count, Name, Part

Some = Annotated[int, Field(ge=1)]


class Capacity(Part):
    """How many open leads somebody may hold; the most specific entry wins. None means no limit.

    `levels` and `sources` are caps besides: of that many at most may be of a level or from a source. Leads in one of
    the `exclude_stages` fill nothing.
    """

    default: Count | None = 200
    roles: dict[str, Count | None] = Field(default_factory=dict)
    departments: dict[str, Count | None] = Field(default_factory=dict)
    members: dict[str, Count | None] = Field(default_factory=dict)
    levels: dict[str, Count] = Field(default_factory=dict)
    sources: dict[str, Count] = Field(default_factory=dict)
    exclude_stages: tuple[Name, ...] = ()


class Claim(Part):
    """Claiming from pools: quota, capacity, and who has to wait.

    `created_counts`: a company lead that a member enters counts as a claim. `reveals_per_day`: so many contacts of pool
    leads may be looked at before a claim.
    """

    per_day: Count | None = 30
    per_week: Count | None = None
    created_counts: bool = False
    reveals_per_day: Count = 0
    capacity: Capacity = Capacity()
    cool_down: Span = Period(7, "d")
    embargo: Span = Period(0, "h")


class Turn(Part):
    """Fair turns: so many claims of one member in any such time."""

    claims: Some
    per: Span


class Admission(Part):
    """Who may claim from a pool besides being in its scope: by time with the company, or by how much a team holds."""

    tenure_below: Span | None = None
    tenure_above: Span | None = None
    department_below: dict[str, Count] = Field(default_factory=dict)


class Pool(Part):
    """What differs in one pool; what is absent is as in `claim`. `per_day` and `per_week` count this pool's claims
    alone, besides those of `claim`. `target` is where its leads return to."""

    per_day: Count | None = None
    per_week: Count | None = None
    turn: Turn | None = None
    admission: Admission = Admission()
    cool_down: Span | None = None
    embargo: Span | None = None
    target: Name | None = None


class Protect(Part):
    """How many leads an owner may shield from being taken back at once, and for how long at most."""

    most: Count = 5
    longest: Span = Period(14, "d")
