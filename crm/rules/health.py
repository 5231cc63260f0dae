"""What is unhealthy about a team's week, and which one change of the rules may cure it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from crm.period import Period
from crm.rules.ruleset import Rules

# Fewer than so many are chance; so much of all is a habit.
ENOUGH, HABIT = 5, 0.3
SLOWER, NOTICED = 1.5, timedelta(minutes=30)
WORKDAYS = 5
# No suggestion leaves less than this.
LEAST_HELD, LEAST_CLAIMS, STEP = 20, 5, 10
FIRST_CONTACT = Period(1, "d")


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep's week.

    Attributes:
        held: open leads; `idle`: of these without follow-up for too long; `active`: with one lately.
        claimed: leads claimed in the week; `dropped`: of these given up or lost again without any contact.
    """

    member_id: int
    name: str
    held: int
    idle: int
    active: int
    claimed: int
    dropped: int

    @property
    def hoards(self) -> bool:
        """Whether it is a habit, not an oversight."""
        return self.idle >= ENOUGH and self.idle >= HABIT * self.held

    @property
    def drops(self) -> bool:
        """Whether claims are mostly looked at and let go."""
        return self.dropped >= ENOUGH and self.dropped >= HABIT * self.claimed


@dataclass(frozen=True, slots=True)
class Speed:
    """The median time from getting a lead to the first contact, of so many leads."""

    many: int = 0
    median: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Starving:
    """Somebody on duty whom a rule dealt nothing. `why`: what mostly kept the member from it, as dispatch says it."""

    member_id: int
    name: str
    rule: str
    why: str | None


@dataclass(frozen=True, slots=True)
class Dealt:
    """What a dispatch rule dealt: so many leads, from `least` to `most` to each who was there, the middle wait."""

    rule: str
    total: int
    least: int | None
    most: int | None
    wait: timedelta | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the rules: the path of a scalar, what it shall be, and what it is; None: no limit, or not there."""

    path: str
    value: str
    was: str | None

    @property
    def written(self) -> str:
        """As a rehearsal takes it."""
        return f"set {self.path} {self.value}"


@dataclass(frozen=True, slots=True)
class Health:
    """A team's week. `before`: the speed of the four weeks before this one."""

    reps: tuple[Rep, ...]
    now: Speed
    before: Speed
    starving: tuple[Starving, ...] = ()
    dealt: tuple[Dealt, ...] = ()

    @property
    def hoarders(self) -> list[Rep]:
        """The worst first."""
        return sorted((rep for rep in self.reps if rep.hoards), key=lambda rep: (-rep.idle, rep.member_id))

    @property
    def droppers(self) -> list[Rep]:
        """The worst first."""
        return sorted((rep for rep in self.reps if rep.drops), key=lambda rep: (-rep.dropped, rep.member_id))

    @property
    def is_slower(self) -> bool:
        """Whether the first contact takes clearly longer than it used to."""
        if self.now.median is None or self.before.median is None or min(self.now.many, self.before.many) < ENOUGH:
            return False
        return self.now.median >= self.before.median * SLOWER and self.now.median - self.before.median >= NOTICED


def against_hoarding(health: Health, rules: Rules) -> Change | None:
    """A capacity that leaves room for what the busiest really works on, if that is less than somebody hoards."""
    if not health.hoarders:
        return None
    room = max(LEAST_HELD, STEP * ceil(max(rep.active for rep in health.reps) * 1.2 / STEP))
    capacity = rules.claim.capacity
    path, was = ("roles.rep", capacity.roles["rep"]) if "rep" in capacity.roles else ("default", capacity.default)
    cures = (was is None or room < was) and room < max(rep.held for rep in health.hoarders)
    return Change(f"claim.capacity.{path}", str(room), _said(was)) if cures else None


def against_dropping(health: Health, rules: Rules) -> Change | None:
    """As many claims a day as the one who kept most would have needed."""
    if not health.droppers:
        return None
    kept = max(rep.claimed - rep.dropped for rep in health.reps)
    room, was = max(LEAST_CLAIMS, ceil(kept / WORKDAYS)), rules.claim.per_day
    return Change("claim.per_day", str(room), _said(was)) if was is None or room < was else None


def against_slowness(health: Health, rules: Rules) -> Change | None:
    """A day for the first contact, where a rule allows more."""
    slow = [rule for rule in rules.recycle if rule.no_first_contact is not None and _has_path(rule.name)]
    longer = [rule for rule in slow if rule.period.is_working or rule.period.longest > FIRST_CONTACT.longest]
    if not (health.is_slower and longer):
        return None
    return Change(f"recycle.{longer[0].name}.no_first_contact", str(FIRST_CONTACT), str(longer[0].period))


def against_starving(health: Health, rules: Rules) -> Change | None:
    """Leads at any hour, where somebody's hours are what keeps the member from them."""
    late = {one.rule for one in health.starving if one.why == "out_of_hours"}
    hourly = [rule for rule in rules.dispatch if rule.name in late and rule.working_hours and _has_path(rule.name)]
    return Change(f"dispatch.{hourly[0].name}.working_hours", "false", "true") if hourly else None


def _has_path(name: str) -> bool:
    """Whether a rule of that name can be told in a path."""
    return "." not in name


def _said(value: int | None) -> str | None:
    return None if value is None else str(value)
