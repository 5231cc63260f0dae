"""Posts that come at the same moment are taken in together: one thread works for all that wait meanwhile.

Nobody waits for others to come: who finds the lane free begins at once, alone; who comes while somebody works is in the
next lot. So a quiet door is as quick as ever, and a busy one does in one transaction what would take many.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from webhooks.intake.post import Answer, Post

MOST = 64
Alone = Callable[[Post], Answer | None]
Together = Callable[[Sequence[Post]], Sequence[Answer | None]]


@dataclass(slots=True)
class _Place:
    """One who waits in a lane. `leads`: it is this one's turn to work."""

    post: Post
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    answer: Answer | None = None


class Lane:
    """Posts of one source in this process. Safe for many threads.

    Args:
        alone: answers one post, and may raise what its sender shall be told.
        together: the answers of several; None for each that has to be taken alone. Whatever it raises, all are.
    """

    def __init__(self, alone: Alone, together: Together) -> None:
        self._alone, self._together = alone, together
        self._lock = threading.Lock()
        self._waiting: list[_Place] = []
        self._busy = False

    def take(self, post: Post) -> Answer | None:
        """The answer to a post, worked out here or by whoever works for the next lot."""
        mine = _Place(post)
        with self._lock:
            self._waiting.append(mine)
            mine.leads, self._busy = not self._busy, True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            return self._lead(mine)
        return mine.answer or self._alone(post)

    def _lead(self, mine: _Place) -> Answer | None:
        with self._lock:
            lot, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            if len(lot) == 1:
                return self._alone(mine.post)
            for place, answer in zip(lot, self._together([place.post for place in lot]), strict=True):
                place.answer = answer
        finally:
            self._pass_on(lot, mine)
        return mine.answer or self._alone(mine.post)

    def _pass_on(self, lot: Sequence[_Place], mine: _Place) -> None:
        """Let those of the lot go, and give the lead to the first of those who came meanwhile."""
        with self._lock:
            following = self._waiting[:1]
            self._busy = bool(following)
            for place in following:
                place.leads = True
        for place in (*lot, *following):
            if place is not mine:
                place.woken.set()


class Lanes:
    """A lane for each source."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: dict[Hashable, Lane] = {}

    def of(self, source: Hashable, alone: Alone, together: Together) -> Lane:
        """The lane of a source, made when it is asked for first."""
        with self._lock:
            return self._lanes.setdefault(source, Lane(alone, together))
