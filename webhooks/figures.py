"""Figures of this installation for Prometheus: what is owed, what could not be sent, and what waits.

They are read from the database at each visit, so every web process tells the same; a scraper takes any one of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm.db import Database
from crm.services import mailbox

_ORGANIZATIONS = text("select id, key from organization order by id")
_JOBS = text(
    """
    select count(*) filter (where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())) as waiting,
           count(*) filter (where j.status = 'failed') as failed,
           (select count(*) from procrastinate_workers where last_heartbeat > now() - interval '30 s') as workers
    from procrastinate_jobs j
    """
)


class Figures(Collector):
    """What `/metrics` adds to the process's own figures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing is asked when the process starts: the database may come later."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the figures; without a database there is but the one that says so."""
        try:
            found = [*self._messages(), *self._jobs()]
        except (DBAPIError, PoolTimeout):
            found = []
        yield GaugeMetricFamily("sluice_database_up", "1 while the database answers.", value=bool(found))
        yield from found

    def _messages(self) -> list[Metric]:
        gauge = GaugeMetricFamily("sluice_messages", "Messages owed, and dead ones.", labels=("org", "state"))
        with self._database.session() as session:
            organizations = session.execute(_ORGANIZATIONS).all()
        for org in organizations:
            with self._database.begin(org.id) as uow:
                for state, count in mailbox.waiting(uow).items():
                    gauge.add_metric((org.key, state), count)
        return [gauge]

    def _jobs(self) -> list[Metric]:
        with self._database.session() as session:
            row = session.execute(_JOBS).one()
        gauge = GaugeMetricFamily("sluice_jobs", "Jobs that could run now, and failed ones.", labels=("state",))
        gauge.add_metric(("waiting",), row.waiting)
        gauge.add_metric(("failed",), row.failed)
        return [gauge, GaugeMetricFamily("sluice_workers", "Workers alive.", value=row.workers)]
