"""Turns in proportion to weights, exactly: never more than one turn away from the share that is due.

Time here is virtual: a whole turn shared out by weight. Everybody's next turn may begin once it is due at the latest
by then, and of those that may, the one that has to be over first is taken (earliest eligible virtual deadline first).
With a fixed list that keeps everybody within one turn at every moment. Whoever is away keeps what they are owed, or
have had too much, to the day they are back, and time stands still for them: neither flood nor drought.

Whole numbers only, so that turns taken one by one and in a batch are the same to the last digit.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=int | str)

# One turn, in the unit of what is owed. Far below it, still far above what rounding adds up to, lies the slack.
TURN = 10**27
_SLACK = 10**9
_PLACES = 1000


class Shares(Generic[Key]):
    """Who is due next among those that take part.

    Args:
        weights: of those that take part.
        owed: what everybody is owed from before, in parts of `TURN`; kept up to date by `settle`.
        rank: who goes first of two that are due alike.
    """

    def __init__(
        self, weights: Mapping[Key, Decimal], owed: dict[Key, int], rank: Callable[[Key], tuple[int, bytes]]
    ) -> None:
        self._weights = {key: int(weight * _PLACES) for key, weight in weights.items()}
        self._total = sum(self._weights.values())
        self._owed, self._rank = owed, rank
        self._now = 0
        self._begins = {key: -(owed.get(key, 0) // part) for key, part in self._weights.items()}
        self._later: list[tuple[int, int, bytes, Key]] = [(at, *rank(key), key) for key, at in self._begins.items()]
        heapq.heapify(self._later)
        self._due: list[tuple[int, int, bytes, Key]] = []

    def next(self, skip: Callable[[Key], bool]) -> Key | None:
        """Who is due next of those that need not be skipped this time. Then `took`, or nothing."""
        while self._later and self._later[0][0] <= self._now + _SLACK:
            begin, *_, key = heapq.heappop(self._later)
            if self._begins.get(key) == begin:
                heapq.heappush(self._due, (begin + TURN // self._weights[key], *self._rank(key), key))
        # What was owed to those who are away leaves the rest ahead of time: then the first to be due is taken early.
        found = self._first(self._due, skip)
        return self._first(self._later, skip) if found is None else found

    def took(self, key: Key) -> None:
        """It has had its turn."""
        self._now += TURN // self._total
        self._begins[key] += TURN // self._weights[key]
        heapq.heappush(self._later, (self._begins[key], *self._rank(key), key))

    def leave(self, key: Key) -> None:
        """It takes part no longer; what it is owed is kept."""
        begin = self._begins.pop(key, None)
        if begin is not None:
            weight = self._weights.pop(key)
            self._total -= weight
            self._owed[key] = (self._now - begin) * weight

    def settle(self) -> None:
        """Write down what everybody is owed now."""
        self._owed.update({key: (self._now - begin) * self._weights[key] for key, begin in self._begins.items()})

    def _first(self, heap: list[tuple[int, int, bytes, Key]], skip: Callable[[Key], bool]) -> Key | None:
        """The first in the heap that still stands there rightly."""
        aside, found = [], None
        while heap and found is None:
            key = heap[0][3]
            if not self._stands(heap, heap[0]):
                heapq.heappop(heap)
            elif skip(key):
                aside.append(heapq.heappop(heap))
            else:
                found = key
        for entry in aside:
            heapq.heappush(heap, entry)
        return found

    def _stands(self, heap: list[tuple[int, int, bytes, Key]], entry: tuple[int, int, bytes, Key]) -> bool:
        at, *_, key = entry
        begin = self._begins.get(key)
        return begin is not None and at == begin + (0 if heap is self._later else TURN // self._weights[key])
