"""What was asked and what it was answered: written by those who ask, read when the dust has settled."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Which card says that something was done, by what was asked; anything else is a refusal, which has no effect.
DONE = {
    "log": "logged", "note": "lead", "remind": "reminder_set", "release": "released", "claim": "claimed",
    "undo": "undone", "form": "logged",
}  # fmt: skip
IN_TIME = {"slack": 3.0, "wecom": 5.0, "intake": 10.0}
"""Seconds within which a platform waits for the answer; what comes later counts as none, and is asked again."""


@dataclass(eq=False)
class Asked:
    """One interaction of a person, or one lead that a source posts.

    Attributes:
        token: the part of the delivery's key that no other delivery has.
        mark: words that its effect carries; for a claim the member and the lead's number.
        acknowledged: a 2xx came in time. turned_away: with the words that nothing was done.
    """

    number: int
    platform: str
    kind: str
    token: str
    mark: str = ""
    member: int = 0
    acknowledged: bool = False
    turned_away: bool = False
    tries: int = 0
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0


@dataclass
class Ledger:
    """Everything that was asked. Safe to share by threads."""

    asked: list[Asked] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outages: list[tuple[float, float]] = field(default_factory=list)
    longest: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, platform: str, kind: str, token: str, *, mark: str = "", member: int = 0) -> Asked:
        """Somebody asks for something."""
        with self._lock:
            made = Asked(len(self.asked), platform, kind, token, mark, member)
            self.asked.append(made)
        return made

    def tried(self, how: str, seconds: float) -> None:
        """How one request has ended (`answered`, `late`, `refused`, `broken`, `hung`), and how long it took."""
        with self._lock:
            self.tries[how] += 1
            self.longest = max(self.longest, seconds)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """The database may be away while the block runs."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.outages.append((began, time.monotonic()))

    def was_away(self, asked: Asked) -> bool:
        """Whether the database was away at a moment at which this was under way."""
        return any(began <= asked.ended and asked.began <= ended for began, ended in self.outages)

    @property
    def finished(self) -> int:
        """Interactions that came to an end."""
        return sum(bool(each.ended) for each in self.asked)
