"""Whose turn it is among candidates that are alike in rank: one class for each way to take turns.

Nobody is favoured by id, a change of the list resets nothing, and whoever comes back is neither flooded nor starved.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, Protocol

from crm.rules.candidate import Candidate
from crm.rules.cursor import Cursor
from crm.rules.ruleset import Dispatch
from crm.rules.shares import Shares

Skip = Callable[[Candidate], bool]


class Turns(Protocol):
    """Candidates in the order of their turns; who is full is passed over."""

    def next(self, skip: Skip) -> Candidate | None:
        """Whose turn it is of those that need not be skipped this time; None when there is nobody."""

    def took(self, candidate: Candidate) -> None:
        """The candidate has been dealt a lead, and the cursor knows."""

    def drop(self, candidate: Candidate) -> None:
        """The candidate turned out to be full."""

    def settle(self) -> None:
        """Write what has to be kept into the cursor."""


class Longest:
    """The turn goes to whom it is longest since; who comes back gets one lead at once and then waits like everybody."""

    def __init__(self, rule: Dispatch, candidates: Sequence[Candidate], cursor: Cursor) -> None:
        self._rule, self._cursor = rule, cursor
        name, last = rule.name, cursor.last
        self._draws = draws = {one.member_id: draw(name, one.member_id) for one in candidates}
        self._heap: list[tuple[Any, ...]] = [
            (self._first(one), last.get(one.member_id, 0), draws[one.member_id], one.member_id, one)
            for one in candidates
        ]
        heapq.heapify(self._heap)
        self._gone: set[int] = set()

    def next(self, skip: Skip) -> Candidate | None:
        """See `Turns`. Places only ever get worse, so one is worked out anew when it has come to the front."""
        aside: list[tuple[Any, ...]] = []
        found: Candidate | None = None
        while self._heap and found is None:
            *place, one = self._heap[0]
            now = self._place(one)
            if one.member_id in self._gone or one.full(self._rule) is not None:
                heapq.heappop(self._heap)
            elif tuple(place) != now:
                heapq.heapreplace(self._heap, (*now, one))
            elif skip(one):
                aside.append(heapq.heappop(self._heap))
            else:
                found = one
        for entry in aside:
            heapq.heappush(self._heap, entry)
        return found

    def took(self, candidate: Candidate) -> None:
        """Nothing to do: the place follows from the cursor."""

    def drop(self, candidate: Candidate) -> None:
        self._gone.add(candidate.member_id)

    def settle(self) -> None:
        """Nothing to do: the cursor has it all."""

    def _first(self, _candidate: Candidate) -> float:
        """What counts before the turns do."""
        return 0

    def _place(self, candidate: Candidate) -> tuple[Any, ...]:
        member = candidate.member_id
        return (self._first(candidate), self._cursor.last.get(member, 0), self._draws[member], member)


class LeastLoaded(Longest):
    """Who holds the fewest leads for what one may hold. Without a limit that is as many as the largest one."""

    def __init__(self, rule: Dispatch, candidates: Sequence[Candidate], cursor: Cursor, largest: int) -> None:
        self._largest = largest
        super().__init__(rule, candidates, cursor)

    def _first(self, candidate: Candidate) -> float:
        return candidate.holding / (candidate.capacity or self._largest)


class Named(Longest):
    """In the order in which the rule names them; those it does not name come after."""

    def __init__(self, rule: Dispatch, candidates: Sequence[Candidate], cursor: Cursor) -> None:
        places = {name.casefold(): place for place, name in enumerate(rule.to.members)}
        self._named = {
            one.member_id: min((places[name] for name in names_of(one) & places.keys()), default=len(places))
            for one in candidates
        }
        super().__init__(rule, candidates, cursor)

    def _first(self, candidate: Candidate) -> float:
        return self._named[candidate.member_id]


class Weighted:
    """In proportion to weights."""

    def __init__(self, rule: Dispatch, candidates: Sequence[Candidate], cursor: Cursor) -> None:
        self._all = {one.member_id: one for one in candidates}
        self._gone: list[int] = []
        self._shares = Shares(
            {one.member_id: weight(rule, one) for one in candidates}, cursor.owed,
            lambda member: (cursor.last.get(member, 0), draw(rule.name, member)),
        )  # fmt: skip
        for one in candidates:
            one.watch(rule, partial(self._gone.append, one.member_id))

    def next(self, skip: Skip) -> Candidate | None:
        """See `Turns`."""
        while self._gone:
            self._shares.leave(self._gone.pop())
        member = self._shares.next(lambda member: skip(self._all[member]))
        return None if member is None else self._all[member]

    def took(self, candidate: Candidate) -> None:
        self._shares.took(candidate.member_id)

    def drop(self, candidate: Candidate) -> None:
        self._shares.leave(candidate.member_id)

    def settle(self) -> None:
        self._shares.settle()


def turns(rule: Dispatch, candidates: Sequence[Candidate], cursor: Cursor, *, largest: int) -> Turns:
    """The turns by the rule's strategy. Args: largest: the largest capacity among all whom the rule names, or 1."""
    match rule.strategy:
        case "weighted":
            return Weighted(rule, candidates, cursor)
        case "least_loaded":
            return LeastLoaded(rule, candidates, cursor, largest)
        case "direct":
            return Named(rule, candidates, cursor)
    return Longest(rule, candidates, cursor)


def weight(rule: Dispatch, candidate: Candidate) -> Decimal:
    """The part of one member under the rule: the member's own, else that of the first tag, else the default."""
    weights = rule.weights
    if weights is None:
        return Decimal(1)
    mine = names_of(candidate)
    own = (part for name, part in weights.members.items() if name.casefold() in mine)
    tagged = (part for tag, part in weights.tags.items() if tag in candidate.tags)
    return next(own, None) or next(tagged, None) or weights.default


def names_of(candidate: Candidate) -> set[str]:
    """What rules may call a member, without case."""
    return {candidate.name.casefold(), (candidate.email or candidate.name).casefold()}


@lru_cache(maxsize=1 << 15)
def draw(rule: str, of: int | str) -> bytes:
    """An order for those that are alike otherwise; it differs from rule to rule, so nobody is favoured by id."""
    return blake2b(f"{rule}:{of}".encode(), digest_size=8).digest()
