"""How many posts a source had taken in and turned away, written about once a second in a transaction of its own.

Inside the lead's transaction every sender would wait for this one row. What a killed process had not written is lost:
the leads are the truth, this is what the list of sources shows.
"""

from __future__ import annotations

import threading
from collections import Counter

import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm.db import Database
from crm.services import sources

log = structlog.get_logger(__name__)
_WAIT = 1.0  # seconds


class Tally:
    """Counts in memory and writes behind. Safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, int, bool]] = Counter()
        self._timer: threading.Timer | None = None

    def count(self, org_id: int, source_id: int, *, accepted: bool) -> None:
        """One more post of that source."""
        with self._lock:
            self._counts[org_id, source_id, accepted] += 1
            if self._timer is None:
                self._timer = threading.Timer(_WAIT, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what was counted so far; when the database is away it is counted on and written later."""
        with self._lock:
            counts, self._counts, self._timer = self._counts, Counter(), None
        for org_id, source_id in {(org_id, source_id) for org_id, source_id, _ in counts}:
            accepted, rejected = counts[org_id, source_id, True], counts[org_id, source_id, False]
            try:
                with self._database.begin(org_id) as uow:
                    sources.count(uow, source_id=source_id, accepted=accepted, rejected=rejected)
            except SQLAlchemyError as exc:
                log.warning("intake.not_counted", source=source_id, cause=type(exc).__name__)
                self._put_back(org_id, source_id, accepted, rejected)

    def _put_back(self, org_id: int, source_id: int, accepted: int, rejected: int) -> None:
        with self._lock:
            self._counts[org_id, source_id, True] += accepted
            self._counts[org_id, source_id, False] += rejected
