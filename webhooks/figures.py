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
from crm.services import dead_letters, mailbox

_ORGANIZATIONS = text("select id, key from organization order by id")
_JOBS = text(
    """
    select count(*) filter (where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())) as waiting,
           count(*) filter (where j.status = 'failed') as failed,
           extract(epoch from now() - min(coalesce(j.scheduled_at, e.at)) filter (
               where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now()))) as oldest,
           (select count(*) from procrastinate_workers where last_heartbeat > now() - interval '30 s') as workers
    from procrastinate_jobs j left join lateral (
        select min(at) as at from procrastinate_events e where e.job_id = j.id and e.type = 'deferred'
    ) e on j.status = 'todo'
    """
)
_ORGANIZATION = text(
    """
    select (select extract(epoch from cast(:now as timestamptz) - min(due_at)) from message
            where org_id = :org and state = 'owed' and due_at <= :now) as owed_for,
           (select count(*) from lead where org_id = :org and held_since is not null and owner_id is null
              and status = 'open' and held_by = 'nobody') as held,
           (select extract(epoch from cast(:now as timestamptz) - min(held_since)) from lead
            where org_id = :org and held_since is not null and owner_id is null and status = 'open'
              and held_by = 'nobody') as held_for,
           (select count(*) from assignment
            where org_id = :org and ended_at > cast(:now as timestamptz) - interval '1 h'
              and ended_by = 'recycled') as recycled
    """
)
_OF_ORGANIZATION = {
    "owed_for": ("sluice_oldest_message_seconds", "How long the oldest message waits that could go out."),
    "held": ("sluice_held_leads", "Leads for which nobody is there."),
    "held_for": ("sluice_oldest_held_lead_seconds", "How long the oldest of them waits."),
    "recycled": ("sluice_recycled_last_hour", "Leads that went back to a pool within the hour."),
}


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
        dead = GaugeMetricFamily(
            "sluice_dead_letters", "What could not be done: messages, calls, fetches.", labels=("org", "kind")
        )
        more = {name: GaugeMetricFamily(*told, labels=("org",)) for name, told in _OF_ORGANIZATION.items()}
        with self._database.session() as session:
            organizations = session.execute(_ORGANIZATIONS).all()
        for org in organizations:
            with self._database.begin(org.id) as uow:
                for state, count in mailbox.waiting(uow).items():
                    gauge.add_metric((org.key, state), count)
                for kind, count in dead_letters.kinds(uow).items():
                    dead.add_metric((org.key, kind), count)
                row = uow.session.execute(_ORGANIZATION, {"org": org.id, "now": uow.now}).one()
                for name, found in more.items():
                    found.add_metric((org.key,), getattr(row, name) or 0)
        return [gauge, dead, *more.values()]

    def _jobs(self) -> list[Metric]:
        with self._database.session() as session:
            row = session.execute(_JOBS).one()
        gauge = GaugeMetricFamily("sluice_jobs", "Jobs that could run now, and failed ones.", labels=("state",))
        gauge.add_metric(("waiting",), row.waiting)
        gauge.add_metric(("failed",), row.failed)
        age = GaugeMetricFamily("sluice_oldest_job_seconds", "How long the oldest job waits.", value=row.oldest or 0)
        return [gauge, age, GaugeMetricFamily("sluice_workers", "Workers alive.", value=row.workers)]
