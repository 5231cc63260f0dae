"""The worker looks after the jobs of the dead beside others that do the same."""

from __future__ import annotations

import asyncio

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job

from ops.worker import _retry


def test_a_job_that_another_worker_rescued_first_stops_nobody(migrated_url: str) -> None:
    address = migrated_url.replace("postgresql+psycopg://", "postgresql://")
    app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=1))
    gone = Job(id=2**40, queue="quick", lock=None, queueing_lock=None, task_name="deliver")

    async def retry() -> bool:
        async with app.open_async():
            await _retry(app, gone)
        return True

    assert asyncio.run(retry())
