"""Composition: from settings to a bot, and to the worker that does its jobs."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.app import Bot
from bot.deliver import Delivery
from bot.dispatcher import LATE, Dispatcher
from bot.interaction import Interaction
from bot.limiter import Limiter
from bot.platforms.base import Platform
from bot.platforms.playground import PlaygroundPlatform
from bot.platforms.slack import SlackPlatform
from bot.platforms.wecom import WeCom
from bot.platforms.wecom_tokens import DatabaseTokens, RedisTokens, SharedTokens
from bot.posted import Edits
from bot.workspaces import Workspaces
from crm import clock, jobs, queue
from crm.db import APP_ROLE, Database
from crm.services import dispatch
from crm.settings import Settings, SettingsError
from crm.vault import Vault

log = structlog.get_logger()

WORKER_TIMEOUT_MS = 30_000
RESCUE_AFTER = 20.0  # seconds without a heartbeat
MANY = 1000


def compose(settings: Settings, *, time: clock.TimeSource = clock.wall) -> Bot:
    """The bot of one process. Raises SettingsError naming what is missing."""
    check(settings)
    database = Database(
        settings.database_url,
        pool_size=settings.pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        time=time,
    )
    # The library's own retries sleep for seconds each time, while everybody who asks can do without an answer.
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), retries=1)
    )
    vault = Vault(settings.secret_key.get_secret_value())
    workspaces = Workspaces(database, vault)
    tokens = SharedTokens(RedisTokens(redis), DatabaseTokens(database, vault))
    platforms: dict[str, Platform] = {
        "slack": SlackPlatform(settings),
        "wecom": WeCom(tokens, api_url=settings.wecom_api_url),
        "playground": PlaygroundPlatform(database, redis),
    }
    dispatcher = Dispatcher(database=database, workspaces=workspaces, platforms=platforms, settings=settings)
    return Bot(
        settings=settings,
        database=database,
        redis=redis,
        workspaces=workspaces,
        platforms=platforms,
        dispatcher=dispatcher,
    )


def check(settings: Settings) -> None:
    """Raises SettingsError for what every start needs."""
    if not settings.database_url:
        raise SettingsError("SLUICE_DATABASE_URL is missing: the address of a PostgreSQL 17 or newer.")
    if not settings.redis_url:
        raise SettingsError("SLUICE_REDIS_URL is missing: the address of a Redis or Valkey.")
    if len(settings.secret_key.get_secret_value()) < 16:
        raise SettingsError("SLUICE_SECRET_KEY is missing or too short: at least 16 random characters.")


@dataclass(frozen=True, slots=True)
class Work:
    """The functions behind the jobs. Each job is one or a few short transactions and may run twice."""

    bot: Bot
    delivery: Delivery
    edits: Edits

    @classmethod
    def of(cls, bot: Bot) -> Work:
        limits = Limiter(bot.settings.redis_url)
        return cls(
            bot,
            Delivery(database=bot.database, workspaces=bot.workspaces, platforms=dict(bot.platforms), limits=limits),
            Edits(database=bot.database, workspaces=bot.workspaces, platforms=bot.platforms),
        )

    def deliver(self, org_id: int, message_id: int, attempt: int) -> None:
        self.delivery.deliver(org_id, message_id, attempt)

    def edit_card(self, org_id: int, card_id: int) -> None:
        self.edits.edit(org_id, card_id)

    def dispatch_lead(self, org_id: int, lead_id: int) -> None:
        with self.bot.database.begin(org_id) as uow:
            dispatch.dispatch(uow, lead_id)

    def answer_late(self, interaction: dict[str, Any]) -> None:
        self.bot.dispatcher.run_late(Interaction(**interaction))

    def tick(self, **_: Any) -> None:
        jobs.tick(self.bot.database)

    def by_name(self) -> dict[str, Any]:
        """Every job by the name under which it is deferred."""
        return {
            queue.DELIVER: self.deliver, queue.EDIT: self.edit_card, queue.DISPATCH: self.dispatch_lead,
            queue.TICK: self.tick, LATE: self.answer_late,
            **{name: partial(call, self.bot.database) for name, call in jobs.BY_NAME.items()},
        }  # fmt: skip


def worker_app(bot: Bot) -> App:
    """The job engine's receiving side with every job registered."""
    address = (bot.settings.worker_database_url or bot.settings.database_url).replace(
        "postgresql+psycopg://", "postgresql://"
    )
    connector = PsycopgConnector(conninfo=address, kwargs={"options": f"-c role={APP_ROLE}"}, min_size=2, max_size=8)
    app = App(connector=connector)
    work = Work.of(bot)
    for name, call in work.by_name().items():
        app.task(name=name, queue=queue.QUICK)(call)
    app.periodic(cron="* * * * *")(app.task(name="tick_each_minute", queue=queue.QUICK)(lambda timestamp: work.tick()))
    app.periodic(cron="17 3 * * *")(
        app.task(name="purge", queue=queue.BULK)(lambda timestamp: jobs.purge(bot.database))
    )
    _rescue(app)
    return app


def _rescue(app: App) -> None:
    """A killed worker's jobs run again as soon as its heartbeat is old; a slow live one's never."""

    @app.periodic(cron="* * * * * */5")
    @app.task(name="rescue", queue=queue.QUICK, pass_context=True)
    async def rescue(context: Any, timestamp: int) -> None:
        stalled: list[Job] = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=RESCUE_AFTER))
        for job in stalled:
            log.warning("job.rescued", task=job.task_name, job=job.id)
            await app.job_manager.retry_job(job)


async def run_worker(app: App, *, concurrency: int = 12, stop_after_idle: bool = False) -> None:
    """Work until a signal. Raises when PostgreSQL goes away; the caller starts anew."""
    # Synchronous jobs run in the loop's default pool of threads, which is six on two cores unless it is set.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=concurrency + 2))
    async with app.open_async():
        await app.run_worker_async(
            concurrency=concurrency, wait=not stop_after_idle, fetch_job_polling_interval=1.0,
            update_heartbeat_interval=5.0,
            stalled_worker_timeout=RESCUE_AFTER, shutdown_graceful_timeout=10.0, delete_jobs="successful",
        )  # fmt: skip
