"""A member as dispatch sees one: what keeps the member from a lead, and how many more there is room for."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from crm.rules.members import ANYBODY
from crm.rules.ruleset import Caps, Dispatch

# More than anybody can be dealt.
ENDLESS = 10**9
NO_CAPS = Caps()


@dataclass(slots=True)
class Candidate:
    """A candidate for leads. The figures `holding` and `dealt_…` grow while a batch is dealt.

    Attributes:
        departments: keys from the root to the member's own.
        dealt_today, dealt_week, dealt_month: leads that dispatch gave the member, by whichever rule.
        caps: what holds whichever rule deals.
        timezone, language: as the member has them, or else the nearest team or the organization.
        tenure: since the member joined.
    """

    member_id: int
    active: bool
    on_duty: bool
    on_leave: bool
    working: bool
    holding: int
    capacity: int | None
    dealt_today: int
    departments: tuple[str, ...] = ()
    dealt_week: int = 0
    dealt_month: int = 0
    caps: Caps = NO_CAPS
    role: str = "rep"
    name: str = ""
    email: str | None = None
    tags: tuple[str, ...] = ()
    timezone: str = "UTC"
    language: str = "en"
    tenure: timedelta = timedelta(0)
    _taken: int = 0
    _watched: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)

    def full(self, rule: Dispatch) -> str | None:
        """Which cap keeps the candidate from one more lead."""
        for caps in (rule.caps, self.caps):
            if caps is NO_CAPS:
                continue
            if caps.per_day is not None and self.dealt_today >= caps.per_day:
                return "over_daily_cap"
            if caps.per_week is not None and self.dealt_week >= caps.per_week:
                return "over_weekly_cap"
            if caps.per_month is not None and self.dealt_month >= caps.per_month:
                return "over_monthly_cap"
        if self.capacity is not None and self.holding >= self.capacity:
            return "at_capacity"
        return None

    def excluded(self, rule: Dispatch) -> str | None:
        """The reason code for being passed over; None: could be dealt a lead now."""
        if not self.active:
            return "inactive"
        if rule.to.where is not ANYBODY and not rule.to.where.holds(self):
            return "condition_not_met"
        if self.on_leave:
            return "on_leave"
        if not self.on_duty:
            return "off_duty"
        if rule.working_hours and not self.working:
            return "out_of_hours"
        return self.full(rule)

    @property
    def welcome(self) -> bool:
        """Whether this known owner gets one more lead of the same person, be it after hours."""
        return self.active and not self.on_leave and (self.capacity is None or self.holding < self.capacity)

    def tier(self, rule: Dispatch) -> int:
        """The place of the first preference of the rule that the candidate meets; behind all if there is none."""
        wished = rule.to.prefer
        return next((place for place, one in enumerate(wished) if one.holds(self)), len(wished))

    def take(self, *, counts: bool = True) -> None:
        """Count one lead more. Args: counts: it fills the capacity."""
        self.holding += counts
        self.dealt_today += 1
        self.dealt_week += 1
        self.dealt_month += 1
        self._taken += 1
        while self._watched and self._watched[0][0] <= self._taken:
            heapq.heappop(self._watched)[2]()

    def watch(self, rule: Dispatch, when_full: Callable[[], None]) -> None:
        """Call back as soon as the candidate is full for the rule, whichever rule has dealt."""

        def look() -> None:
            if self.full(rule):
                when_full()
            else:
                self.watch(rule, when_full)

        heapq.heappush(self._watched, (self._taken + max(1, self._room(rule)), len(self._watched), look))

    def _room(self, rule: Dispatch) -> int:
        own, all_rules = rule.caps, self.caps
        caps = (
            (self.dealt_today, own.per_day), (self.dealt_today, all_rules.per_day),
            (self.dealt_week, own.per_week), (self.dealt_week, all_rules.per_week),
            (self.dealt_month, own.per_month), (self.dealt_month, all_rules.per_month),
            (self.holding, self.capacity),
        )  # fmt: skip
        return min((cap - used for used, cap in caps if cap is not None), default=ENDLESS)


def _reached(used: int, own: int | None, all_rules: int | None) -> bool:
    return (own is not None and used >= own) or (all_rules is not None and used >= all_rules)
