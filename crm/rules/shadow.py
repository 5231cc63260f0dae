"""Leads of the past dealt once more by other rules: who would have got how many, and how long leads would have waited.

The turns are those by which leads are really dealt (`dispatch.Rotation`), among the present members: their hours, their
leave, their caps, and what each held at the time. Who is a member today counts as on duty; an offer counts as taken.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any

from crm.calendar import Calendar
from crm.rules.candidate import Candidate
from crm.rules.cursor import Cursor
from crm.rules.dispatch import Rotation, branch_of
from crm.rules.ruleset import Dispatch
from crm.rules.turns import weight

# So often hours and leave are looked at again, and whether somebody who was full has room again: to do so for each lead
# would take longer than the dealing itself.
SLOT, ROOM = timedelta(minutes=30), timedelta(hours=2)
# Strategies by which something is due to everybody.
IN_TURN = frozenset({"round_robin", "weighted"})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_FIGURES = [one.name for one in fields(Candidate) if not one.name.startswith("_")]
_figures_of = attrgetter(*_FIGURES)


@dataclass(frozen=True, slots=True)
class Came:
    """A lead that came to be dealt.

    Args:
        rule: the place of the rule that fits it; None: no rule does.
        known: the member to whom the same customer belonged already.
        kept: how long the owner that it got had it; None: to this day. counts: it fills a capacity.
    """

    lead_id: int
    at: datetime
    rule: int | None = None
    known: int | None = None
    kept: timedelta | None = None
    counts: bool = True


@dataclass(slots=True)
class Tally:
    """What came of it. `due`: what was due to each in their turns; `waits`: of leads that were held and then dealt."""

    got: Counter[int] = field(default_factory=Counter)
    due: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    in_turn: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    waits: list[timedelta] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member who may be dealt to. `held`: open leads at the beginning, apart from those that are dealt again."""

    candidate: Candidate
    calendar: Calendar
    held: int


Change = tuple[datetime, int, int]


class Shadow:
    """Deals leads in the order in which they came.

    Args:
        named: the members of each rule, by its name.
        changes: when whose other open leads became how many more or fewer, in order.
    """

    def __init__(
        self, rules: Sequence[Dispatch], seats: Iterable[Seat], named: Mapping[str, Sequence[int]],
        changes: Iterable[Change] = (),
    ) -> None:  # fmt: skip
        self.tally = Tally()
        self._rules, self._named = rules, named
        known = {one.candidate.member_id: one for one in seats}
        self._calendars = {member: one.calendar for member, one in known.items()}
        self._seats = {member: _fresh(one.candidate, holding=one.held) for member, one in known.items()}
        self._changes = iter(changes)
        self._next_change = next(self._changes, None)
        self._over: list[tuple[datetime, int]] = []
        self._cursors = {rule.name: Cursor() for rule in rules}
        self._rotations: dict[str, Rotation] = {}
        self._dealt: Counter[str] = Counter()
        self._nobody: set[str] = set()
        self._held: deque[Came] = deque()
        self._slot = self._seated_at = _LONG_AGO
        self._hours: tuple[Any, ...] = ()
        self._freed = False

    def deal(self, lead: Came) -> None:
        """Deal one lead; not earlier than the one before."""
        self._go_on(lead.at)
        owner = self._seats.get(lead.known) if lead.known else None
        if owner and owner.welcome:
            self._give(lead, owner, lead.at)
            self.tally.outcomes["known"] += 1
        elif lead.rule is None:
            self.tally.outcomes["pooled"] += 1
        elif not self._hand(lead, lead.at):
            self._held.append(lead)

    def finish(self, until: datetime) -> Tally:
        """Let the clock run on; what is still held then counts as such."""
        self._go_on(until)
        self._rise()
        self.tally.outcomes["held"] += len(self._held)
        return self.tally

    def _go_on(self, until: datetime) -> None:
        """To the slot of that time; in between only if somebody waits for hours to begin."""
        if until < self._slot + SLOT:
            return
        last = _slot_of(until)
        while self._slot < last:
            self._slot = self._slot + SLOT if self._held else last
            self._free(self._slot)
            hours = self._working(self._slot)
            if hours != self._hours or (self._freed and self._slot >= self._seated_at + ROOM):
                self._rise()
                self._sit_down(self._slot, hours)
                self._deal_held(self._slot)

    def _deal_held(self, at: datetime) -> None:
        for _ in range(len(self._held)):
            lead = self._held.popleft()
            if self._hand(lead, at):
                self.tally.waits.append(max(at - lead.at, timedelta(0)))
            else:
                self._held.append(lead)

    def _hand(self, lead: Came, at: datetime) -> bool:
        """By its rule. False: it waits until somebody is there."""
        assert lead.rule is not None, "only a rule holds a lead"
        rule = self._rules[lead.rule]
        if rule.mode in {"group", "desk"}:
            self.tally.outcomes[rule.mode] += 1
            return True
        rotation = self._rotation(rule, at)
        turn = rotation.next() if rule.name not in self._nobody else None
        if turn is not None:
            rotation.took(turn, counts=lead.counts)
            self._dealt[rule.name] += 1
            self.tally.in_turn[turn.member_id] += rule.strategy in IN_TURN
            self._keep(lead, turn.member_id, at)
            self.tally.outcomes["dealt"] += 1
        elif rule.nobody == "hold":
            # Of branches the next may have somebody; else nobody is there until they sit down anew.
            self._nobody |= set() if rule.shares else {rule.name}
            return False
        else:
            self.tally.outcomes["pooled" if rule.nobody == "pool" else "desk"] += 1
        return True

    def _give(self, lead: Came, owner: Candidate, at: datetime) -> None:
        owner.take(counts=lead.counts)
        self._keep(lead, owner.member_id, at)

    def _keep(self, lead: Came, member: int, at: datetime) -> None:
        self.tally.got[member] += 1
        if lead.counts and lead.kept is not None:
            heapq.heappush(self._over, (at + lead.kept, member))

    def _rotation(self, rule: Dispatch, at: datetime) -> Rotation:
        found = self._rotations.get(rule.name)
        if found is None:
            seats = [self._seats[member] for member in self._named[rule.name]]
            found = Rotation(rule, seats, self._cursors[rule.name], _period(rule.period, at.date()))
            self._rotations[rule.name] = found
        return found

    def _free(self, until: datetime) -> None:
        """What members held and no longer do makes room."""
        while self._over and self._over[0][0] <= until:
            self._hold(heapq.heappop(self._over)[1], -1)
        while self._next_change is not None and self._next_change[0] <= until:
            self._hold(*self._next_change[1:])
            self._next_change = next(self._changes, None)

    def _hold(self, member: int, more: int) -> None:
        seat = self._seats.get(member)
        if seat is not None:
            self._freed |= more < 0 and seat.capacity is not None and seat.holding >= seat.capacity
            seat.holding = max(seat.holding + more, 0)

    def _working(self, at: datetime) -> tuple[Any, ...]:
        """Whose hours and days have changed can be seen from this; by calendar, for many share one."""
        shared = {id(calendar): calendar for calendar in self._calendars.values()}
        return tuple((key, *_hours(calendar, at)) for key, calendar in shared.items())

    def _sit_down(self, at: datetime, hours: tuple[Any, ...]) -> None:
        """Everybody as they are now; the daily, weekly and monthly counts begin anew with their days."""
        before = {key: day for key, day, *_ in self._hours}
        now = {key: (day, working, away) for key, day, working, away in hours}
        for member, calendar in self._calendars.items():
            day, working, away = now[id(calendar)]
            self._seats[member] = _seated(self._seats[member], before.get(id(calendar)), day, working, away)
        self._hours, self._freed, self._seated_at = hours, False, at

    def _rise(self) -> None:
        """Keep the cursors, and write down what was due to whom of what has been dealt since they sat down."""
        for name, rotation in self._rotations.items():
            rotation.settle()
            if rotation.rule.strategy in IN_TURN and self._dealt[name]:
                for member, part in _parts(rotation, self._seats).items():
                    self.tally.due[member] += part * self._dealt[name]
        self._rotations.clear()
        self._dealt.clear()
        self._nobody.clear()


def _parts(rotation: Rotation, seats: Mapping[int, Candidate]) -> dict[int, float]:
    """The part of each who could be dealt to: that of the branch, and within it by weight."""
    rule = rotation.rule
    able = [seats[member] for member, why in rotation.why.items() if why is None]
    branches: dict[str, list[Candidate]] = {}
    for one in able:
        branches.setdefault(branch_of(rule, one), []).append(one)
    shares = {branch: float(rule.shares.get(branch, 1)) for branch in branches}
    found = {}
    for branch, members in branches.items():
        weights = {one.member_id: float(weight(rule, one)) for one in members}
        part = shares[branch] / sum(shares.values()) / sum(weights.values())
        found.update({member: part * mine for member, mine in weights.items()})
    return found


def _fresh(one: Candidate, **figures: Any) -> Candidate:
    """A copy that nobody watches."""
    return Candidate(**dict(zip(_FIGURES, _figures_of(one), strict=True)) | figures)


def _seated(one: Candidate, before: date | None, day: date, working: bool, away: bool) -> Candidate:  # noqa: FBT001
    """The member at another time, of whom `before` was the last day that was counted."""
    counted = {"dealt_today": 0, "dealt_week": 0, "dealt_month": 0}
    if before == day:
        counted = {name: getattr(one, name) for name in counted}
    elif before is not None:
        counted["dealt_week"] = one.dealt_week if _period("week", before) == _period("week", day) else 0
        counted["dealt_month"] = one.dealt_month if _period("month", before) == _period("month", day) else 0
    return _fresh(one, on_duty=True, working=working, on_leave=away, **counted)


def _hours(calendar: Calendar, at: datetime) -> tuple[date, bool, bool]:
    """The local day, whether people work, and whether they are on leave."""
    day = at.astimezone(calendar.timezone).date()
    return day, calendar.is_working(at), any(first <= day <= last for first, last in calendar.away)


def _slot_of(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % (SLOT.seconds // 60), seconds=at.second, microseconds=at.microsecond)


def _period(name: str, day: date) -> str:
    """A word that differs from period to period."""
    if name == "ever":
        return "ever"
    return {"day": day.isoformat(), "week": "{}-{}".format(*day.isocalendar()[:2]), "month": f"{day:%Y-%m}"}[name]
