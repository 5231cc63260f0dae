"""How many posts a source had taken in and turned away, and why, written about once a second in its own transaction.

Inside the lead's transaction every sender would wait for this one row. What a killed process had not written is lost:
the leads are the truth, this is what the list of sources shows.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm.db import Database
from crm.services import source_watch
from crm.services.source_watch import Reason

log = structlog.get_logger(__name__)
_WAIT = 1.0  # seconds


@dataclass(slots=True)
class Counted:
    """What one source had since the last writing."""

    accepted: int = 0
    rejected: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)

    def add(self, other: Counted) -> None:
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.refused += other.refused


class Tally:
    """Counts in memory and writes behind. Safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[int, int], Counted] = defaultdict(Counted)
        self._timer: threading.Timer | None = None

    def count(self, org_id: int, source_id: int, *, refused: Sequence[Reason] = ()) -> None:
        """One more post of that source. Args: refused: why it was turned away; nothing for one that was taken in."""
        post = Counted(not refused, bool(refused), Counter(refused))
        with self._lock:
            self._counts[org_id, source_id].add(post)
            if self._timer is None:
                self._timer = threading.Timer(_WAIT, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what was counted so far; when the database is away it is counted on and written later."""
        with self._lock:
            counts, self._counts, self._timer = self._counts, defaultdict(Counted), None
        for (org_id, source_id), counted in counts.items():
            try:
                with self._database.begin(org_id) as uow:
                    source_watch.count(
                        uow, source_id=source_id, accepted=counted.accepted, rejected=counted.rejected,
                        refused=counted.refused,
                    )  # fmt: skip
            except SQLAlchemyError as exc:
                log.warning("intake.not_counted", source=source_id, cause=type(exc).__name__)
                with self._lock:
                    self._counts[org_id, source_id].add(counted)
