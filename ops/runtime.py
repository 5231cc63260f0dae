"""Composition: from settings to a bot, and to the functions behind its jobs."""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.app import Bot
from bot.contacts import Contacts
from bot.deliver import Delivery
from bot.dispatcher import LATE, Dispatcher
from bot.fetching import Fetches
from bot.hooks import Calls
from bot.interaction import Interaction
from bot.limiter import Limiter
from bot.platforms.base import Platform
from bot.platforms.playground import PlaygroundPlatform
from bot.platforms.slack import SlackPlatform
from bot.platforms.wecom import WeCom
from bot.platforms.wecom_tokens import DatabaseTokens, RedisTokens, SharedTokens
from bot.posted import Edits
from bot.sheets_taken import Sheets
from bot.sms import Gateway
from bot.threads import Threads
from bot.workspaces import Workspaces
from crm import clock, jobs, queue
from crm.db import Database
from crm.services import dispatch
from crm.settings import Settings, SettingsError
from crm.vault import Vault
from ops.release import signed
from webhooks.intake.fetching import LeadFetches

# Objects made before the collector looks for garbage: a request makes some thousands that go by themselves.
GARBAGE = 20_000


def compose(settings: Settings, *, time: clock.TimeSource = clock.wall) -> Bot:
    """The bot of one process. Raises SettingsError naming what is missing."""
    check(settings)
    vault = Vault(settings.secret_key.get_secret_value())
    database = Database(
        signed(settings.database_url),
        pool_size=settings.pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        time=time,
        vault=vault,
    )
    # The library's own retries sleep for seconds each time, while everybody who asks can do without an answer.
    redis = Redis.from_url(
        settings.redis_url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), retries=1)
    )
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


def settle() -> None:
    """Everything is loaded and stays for good: the collector need not look at it again while somebody waits."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


def check(settings: Settings) -> None:
    """Raises SettingsError for what every start needs."""
    if not settings.database_url:
        raise SettingsError("SLUICE_DATABASE_URL is missing: the address of a PostgreSQL 17 or newer.")
    if not settings.redis_url:
        raise SettingsError("SLUICE_REDIS_URL is missing: the address of a Redis or Valkey.")
    if len(settings.secret_key.get_secret_value()) < 16:
        raise SettingsError("SLUICE_SECRET_KEY is missing or too short: at least 16 random characters.")
    if settings.sms_url and not settings.sms_secret.get_secret_value():
        raise SettingsError(
            "SLUICE_SMS_SECRET is missing: what goes to the gateway at SLUICE_SMS_URL is signed with it."
        )


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

    def answer_late(self, workspace: str, sealed: str) -> None:  # noqa: ARG002  (it says whose job it is)
        interaction = json.loads(self.bot.workspaces.vault.open(sealed.encode()))
        self.bot.dispatcher.run_late(Interaction.restored(interaction))

    def fetch_file(self, org_id: int, attachment_id: int, attempt: int = 0) -> None:
        bot = self.bot
        fetches = Fetches(database=bot.database, workspaces=bot.workspaces, platforms=bot.platforms)
        fetches.fetch(org_id, attachment_id, attempt)

    def fetch_lead(self, org_id: int, fetch_id: int) -> None:
        LeadFetches(self.bot.database, self.bot.settings).fetch(org_id, fetch_id)

    def sheets(self) -> Sheets:
        """The work on dropped sheets."""
        bot = self.bot
        return Sheets(database=bot.database, workspaces=bot.workspaces, platforms=bot.platforms)

    def tell_thread(self, org_id: int, card_id: int) -> None:
        bot = self.bot
        Threads(database=bot.database, workspaces=bot.workspaces, platforms=bot.platforms).tell(org_id, card_id)

    def calls(self) -> Calls:
        """The work on calls to other systems."""
        return Calls(self.bot.database, self.bot.workspaces.vault, self.bot.settings.hooks_allow)

    def plan_calls(self, org_id: int) -> None:
        self.calls().plan(org_id)

    def call_hook(self, org_id: int, hook_id: int) -> None:
        self.calls().call(org_id, hook_id)

    def read_sheet(self, org_id: int, job_id: int, attempt: int = 0) -> None:
        self.sheets().read(org_id, job_id, attempt)

    def take_sheet(self, org_id: int, job_id: int, attempt: int = 0) -> None:
        self.sheets().take(org_id, job_id, attempt)

    def tick(self, **_: Any) -> None:
        jobs.tick(self.bot.database)

    def purge(self, **_: Any) -> None:
        jobs.purge(self.bot.database)

    def reconcile(self, **_: Any) -> None:
        Contacts(self.bot).reconcile()

    def by_name(self) -> dict[str, Any]:
        """Every job by the name under which it is deferred."""
        asking = Contacts(self.bot)
        contacts = {
            queue.CONTACT: asking.read_contact, queue.COLLEAGUE: asking.read_colleague,
            queue.MOVES: asking.move_contacts,
        }  # fmt: skip
        return {
            queue.DELIVER: self.deliver, queue.EDIT: self.edit_card, queue.DISPATCH: self.dispatch_lead,
            queue.THREAD: self.tell_thread, queue.READ_SHEET: self.read_sheet, queue.TAKE_SHEET: self.take_sheet,
            queue.TICK: self.tick, LATE: self.answer_late, queue.FETCH: self.fetch_file, **contacts,
            queue.FETCH_LEAD: self.fetch_lead,
            queue.SMS: Gateway(self.bot).send_code,
            queue.PLAN: self.plan_calls, queue.CALL: self.call_hook,
            **{name: partial(call, self.bot.database) for name, call in jobs.BY_NAME.items()},
        }  # fmt: skip
