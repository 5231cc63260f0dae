"""The worker process: does the jobs, rescues those of a dead worker, and begins anew when PostgreSQL comes back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from typing import Any

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.contextvars import bound_contextvars

from bot.app import Bot
from bot.dispatcher import DatabaseAway
from crm import queue
from crm.db import APP_ROLE, Database
from ops.release import signature
from ops.runtime import Work

log = structlog.get_logger()

CONCURRENCY = 12
RESCUE_AFTER = 20.0  # seconds without a heartbeat
HEARTBEATS = 4  # within RESCUE_AFTER: a live slow worker must never look dead
PAUSE = 1.0  # seconds before PostgreSQL is looked for again
TRIES = 4
AWAY = (OperationalError, InterfaceError, PoolTimeout, DatabaseAway)
LOST = (ConnectorException, psycopg.Error, OSError)


class Patience(BaseRetryStrategy):
    """What fails because PostgreSQL is away runs again until it is back; any other failure is tried a few times."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Briefly, because a job that waits to be tried again keeps its lock."""
        if isinstance(exception, AWAY) or job.attempts < TRIES:
            return RetryDecision(retry_in={"seconds": 5})
        return None


def worker_app(bot: Bot, *, rescue_after: float = RESCUE_AFTER) -> App:
    """The job engine's receiving side with every job registered."""
    address = (bot.settings.worker_database_url or bot.settings.database_url).replace(
        "postgresql+psycopg://", "postgresql://"
    )
    options = {"options": f"-c role={APP_ROLE}", "application_name": signature()}
    app = App(connector=PsycopgConnector(conninfo=address, kwargs=options, min_size=2, max_size=8, timeout=5.0))
    work = Work.of(bot)
    for name, call in work.by_name().items():
        app.task(name=name, queue=queue.QUICK, retry=Patience(), pass_context=True)(_named(call))
    app.periodic(cron="* * * * *")(app.task(name="tick_each_minute", queue=queue.QUICK)(work.tick))
    app.periodic(cron="17 3 * * *")(app.task(name="purge", queue=queue.BULK)(work.purge))
    # When it is night where WeCom is used.
    app.periodic(cron="41 19 * * *")(app.task(name="reconcile_contacts", queue=queue.BULK)(work.reconcile))
    _rescue(app, rescue_after)
    return app


def _named(call: Callable[..., Any]) -> Callable[..., Any]:
    """The job, with its number and name on every line that is logged meanwhile."""

    @wraps(call)
    def work(context: JobContext, **args: Any) -> Any:
        with bound_contextvars(job=context.job.id, task=context.job.task_name, org=args.get("org_id")):
            return call(**args)

    return work


def _rescue(app: App, rescue_after: float) -> None:
    """A killed worker's jobs run again as soon as its heartbeat is old; a slow live one's never."""

    @app.periodic(cron="* * * * * */5")
    @app.task(name="rescue", queue=queue.QUICK)
    async def rescue(timestamp: int) -> None:  # noqa: ARG001  (the job engine passes it)
        stalled: list[Job] = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=rescue_after))
        for job in stalled:
            await _retry(app, job)


async def _retry(app: App, job: Job) -> None:
    """Let a job of the dead run again. Another worker that looks after them may have been faster."""
    try:
        await app.job_manager.retry_job(job)
    except ConnectorException as exc:
        if not isinstance(exc.__cause__, psycopg.errors.RaiseException):
            raise
        return
    log.warning("job.rescued", task=job.task_name, job=job.id)


async def work_off(bot: Bot, *, concurrency: int = CONCURRENCY) -> None:
    """Do what there is to do now, and stop."""
    _make_threads(concurrency)
    await _work(worker_app(bot), concurrency=concurrency, rescue_after=RESCUE_AFTER, wait=False)


async def keep_working(bot: Bot, *, concurrency: int = CONCURRENCY, rescue_after: float = RESCUE_AFTER) -> None:
    """Work until SIGINT or SIGTERM. The job engine ends with its connection; it is started anew when that is back.

    Raises: OperationalError when PostgreSQL cannot be reached from the start.
    """
    _make_threads(concurrency)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.to_thread(_ask, bot.database)
    while not stop.is_set():
        with suppress(OperationalError):
            await asyncio.to_thread(_ask, bot.database)
            app = worker_app(bot, rescue_after=rescue_after)
            await _until(stop, _work(app, concurrency=concurrency, rescue_after=rescue_after))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE)


async def _until(stop: asyncio.Event, working: Any) -> None:
    """Work until it is to stop, which finishes what is in hand, or until PostgreSQL is lost."""
    work, asked = asyncio.ensure_future(working), asyncio.ensure_future(stop.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if stop.is_set():
        work.cancel()
    try:
        await work
    except asyncio.CancelledError:
        return
    except LOST as exc:
        log.warning("worker.lost_database", error=type(exc.__cause__ or exc).__name__)


async def _work(app: App, *, concurrency: int, rescue_after: float, wait: bool = True) -> None:
    async with app.open_async():
        await app.run_worker_async(
            concurrency=concurrency, wait=wait, install_signal_handlers=not wait, fetch_job_polling_interval=1.0,
            update_heartbeat_interval=rescue_after / HEARTBEATS, stalled_worker_timeout=rescue_after,
            shutdown_graceful_timeout=10.0, delete_jobs="successful",
        )  # fmt: skip


def _make_threads(concurrency: int) -> None:
    """Synchronous jobs run in the loop's default pool of threads, which is six on two cores unless it is set."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=concurrency + 2))


def _ask(database: Database) -> None:
    """Raises OperationalError while PostgreSQL is away."""
    with database.session() as session:
        try:
            session.execute(text("select 1"))
        except DBAPIError:
            # A connection from before a restart is found dead by its first use only; the pool is fresh after that.
            session.rollback()
            session.execute(text("select 1"))
