"""Dealing leads: who is out of the question and why, and whose turn it is among the rest.

The turn goes to whom it is longest since: nobody is favoured by id, a change of the list resets nothing, and whoever
comes back gets one lead at once and then waits like everybody, neither flooded nor starved.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch, Rules


@dataclass(slots=True)
class Candidate:
    """A member as dispatch sees one. `holding` and `dealt_today` grow while a batch is dealt.

    `departments` are keys from the root to the member's own.
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

    def full(self, rule: Dispatch) -> str | None:
        """Which cap keeps the candidate from one more lead."""
        if rule.caps.per_day is not None and self.dealt_today >= rule.caps.per_day:
            return "over_daily_cap"
        if self.capacity is not None and self.holding >= self.capacity:
            return "at_capacity"
        return None

    def excluded(self, rule: Dispatch) -> str | None:
        """The reason code for being passed over; None: could be dealt a lead now."""
        if not self.active:
            return "inactive"
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

    def take(self) -> None:
        """Count one lead more."""
        self.holding += 1
        self.dealt_today += 1


@dataclass(slots=True)
class Cursor:
    """Where a rule stands: turns so far, the turn at which each member was dealt last, and how many leads each got."""

    turn: int = 0
    last: dict[int, int] = field(default_factory=dict)
    dealt: dict[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Cursor:
        """From what `state` gave; JSON has turned the ids into words."""
        return cls(
            state.get("turn", 0),
            {int(member): turn for member, turn in state.get("last", {}).items()},
            {int(member): count for member, count in state.get("dealt", {}).items()},
        )

    def state(self) -> dict[str, Any]:
        """As plain data."""
        return {"turn": self.turn, "last": self.last, "dealt": self.dealt}

    def took(self, member_id: int) -> None:
        """The member has had this turn."""
        self.turn += 1
        self.last[member_id] = self.turn
        self.dealt[member_id] = self.dealt.get(member_id, 0) + 1


class Rotation:
    """The turns of one rule among its candidates; one lead or ten thousand are dealt alike."""

    def __init__(self, rule: Dispatch, candidates: Iterable[Candidate], cursor: Cursor) -> None:
        self.rule, self.cursor = rule, cursor
        self._waiting = [self._place(one) for one in candidates if one.excluded(rule) is None]
        heapq.heapify(self._waiting)

    def next(self) -> Candidate | None:
        """Whose turn it is, in whose place nobody else stands; None when all are full. Then `took` or `drop`."""
        while self._waiting:
            candidate = self._waiting[0][3]
            if candidate.full(self.rule) is None:
                return candidate
            heapq.heappop(self._waiting)
        return None

    def took(self, candidate: Candidate) -> None:
        """The next one was dealt the lead and goes to the end."""
        candidate.take()
        self.cursor.took(candidate.member_id)
        heapq.heapreplace(self._waiting, self._place(candidate))

    def drop(self) -> None:
        """The next one turned out to be full."""
        heapq.heappop(self._waiting)

    def _place(self, candidate: Candidate) -> tuple[int, bytes, int, Candidate]:
        # Who was never dealt a lead comes first, in an order that differs from rule to rule, whoever is older.
        draw = blake2b(f"{self.rule.name}:{candidate.member_id}".encode(), digest_size=8).digest()
        return (self.cursor.last.get(candidate.member_id, 0), draw, candidate.member_id, candidate)


def first_match(rules: Rules, facts: LeadFacts) -> Dispatch | None:
    """The first rule whose condition holds for the lead."""
    return next((rule for rule in rules.dispatch if rule.when.holds(facts)), None)
