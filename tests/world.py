"""A whole Sluice for tests: real doors, dispatcher, database and jobs; only Slack's and WeCom's servers are doubles.

`World.chat(platform, name)` is one person at one platform; what is said there goes through real HTTP and real payloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import sleep
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

from bot.app import Bot
from crm import clock, jobs
from crm.clock import DrivenClock
from crm.db import Database
from crm.services import dispatch, placing
from crm.settings import Settings
from ops.runtime import Work, compose
from tests import build
from tests.doubles.slack import SlackDouble
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_caller import Caller
from tests.drivers import wecom as wecom_drivers
from tests.drivers.base import Driver, Seen
from tests.drivers.playground import PlaygroundDriver
from tests.drivers.slack import SlackDriver, join
from tests.drivers.slack_wire import SECRET, Wire
from tests.drivers.unhurried import unhurried
from tests.drivers.wecom import WeComDriver
from tests.serving import call, serving
from webhooks.app import create_app

PLATFORMS = ("slack", "wecom", "playground")
_DUE = text(
    "select id, task_name, args, scheduled_at from procrastinate_jobs where id > :since and status = 'todo'"
    " and (args->>'org_id' = :org or args->>'workspace' like '%' || :org || '%')"
    " and (scheduled_at is null or scheduled_at <= :now) order by id"
)
_SEEN = text(
    "update chat_identity set seen_at = case when workspace_id = :w then cast(:now as timestamptz) end"
    " where member_id = :m"
)
_TAKEN = text("update procrastinate_jobs set status = 'succeeded' where id = any(:ids)")


@dataclass
class World:
    """One company, reachable from all three platforms."""

    acme: build.Company
    bot: Bot
    work: Work
    time: DrivenClock
    slack: SlackDouble
    wecom: WeComDouble
    wire: Wire
    caller: Caller
    client: TestClient
    since: int  # the last job of those who lived here before
    patience: timedelta = field(default=timedelta(seconds=3))

    @property
    def database(self) -> Database:
        return self.bot.database

    def chat(self, platform: str, name: str) -> Driver:
        """That person on that platform, who was seen there last, so that messages come there."""
        with self.database.begin(self.acme.org_id) as uow:
            here = {"w": self.acme.workspace[platform], "m": self.acme.member[name], "now": self.time()}
            uow.session.execute(_SEEN, here)
        user = build.external(platform, name, self.acme.org_id)
        match platform:
            case "slack":
                return SlackDriver(self.wire, user, run_jobs=self.run_jobs)
            case "wecom":
                return WeComDriver(self.caller, self.wecom, user, run_jobs=self.run_jobs)
            case _:
                return PlaygroundDriver(self.client, user, workspace=f"playground-{self.acme.org_id}")

    def run_jobs(self) -> None:
        """Do what is due now or within a few seconds, and what that makes due; a limiter's wait is waited for."""
        for _ in range(60):
            due = self._due()
            if not due:
                return
            for job in due:
                self.work.by_name()[job.task_name](**job.args)
            sleep(0.03 if any(job.scheduled_at for job in due) else 0)

    def _due(self) -> list[Any]:
        with self.database.session() as session, session.begin():
            until = {"org": str(self.acme.org_id), "now": self.time() + self.patience}
            due = session.execute(_DUE, until | {"since": self.since}).all()
            session.execute(_TAKEN, {"ids": [job.id for job in due]})
            return list(due)

    def pass_time(self, **span: float) -> None:
        """Let the clock run on, do what falls due, and send it."""
        self.time.advance(**span)
        for duty in jobs.DUTIES:
            duty(self.database, self.acme.org_id)
        self.run_jobs()

    def lead(self, **facts: Any) -> str:
        """A lead as it is after a while; its reference."""
        with self.database.begin(self.acme.org_id) as uow:
            return f"L-{build.read(uow, build.lead(uow, self.acme, **facts)).number}"

    def arrives(self, *, by_rule: bool = False, **facts: Any) -> str:
        """A lead that has just come in: dealt by rule, or announced in the open pool; its reference."""
        with self.database.begin(self.acme.org_id) as uow:
            lead_id = build.lead(uow, self.acme, **facts)
            if by_rule:
                dispatch.dispatch(uow, lead_id)
            else:
                placing.announce(uow, self.acme.pool["open"], [lead_id])
            ref = f"L-{build.read(uow, lead_id).number}"
        self.run_jobs()
        return ref

    def count(self, what: str, **args: Any) -> int:
        """A figure straight from the database, within this company."""
        with self.database.begin(self.acme.org_id) as uow:
            return int(uow.session.scalar(text(what), args) or 0)


def settings_for(url: str, redis_url: str, slack: SlackDouble, wecom: WeComDouble) -> Settings:
    """Settings that point at the doubles."""
    return Settings(
        database_url=url, redis_url=redis_url, secret_key=SecretStr(build.SECRET), playground=True,
        slack_signing_secret=(SecretStr(SECRET),), slack_api_url=slack.api_url, wecom_api_url=wecom.url,
        statement_timeout_ms=20_000, person_per_minute=0, company_per_minute=0, searches_per_minute=0,
    )  # fmt: skip


@dataclass(frozen=True)
class House:
    """What a company moves into: the bot behind its doors, and the platforms' servers."""

    bot: Bot
    slack: SlackDouble
    wecom: WeComDouble
    host: str
    client: TestClient


@contextmanager
def open_house(url: str, redis_url: str, time: clock.TimeSource = clock.wall) -> Iterator[House]:
    """Doors and doubles, which take ten times as long to open as a company takes to found."""
    with ExitStack() as stack:
        slack, wecom = SlackDouble(), stack.enter_context(WeComDouble())
        stack.callback(slack.stop)
        bot = compose(settings_for(url, redis_url, slack, wecom), time=time)
        stack.callback(bot.database.close)
        stack.callback(bot.redis.close)
        app = create_app(bot)
        host = stack.enter_context(serving(app))
        stack.enter_context(unhurried())
        client = stack.enter_context(TestClient(app, base_url=f"http://{host}"))
        yield House(bot, slack, wecom, host, client)


@contextmanager
def move_in(house: House, time: DrivenClock, *, rules: str | None = None, base: Database) -> Iterator[World]:
    """A company of its own, on platforms that have forgotten the former one; `base` writes it."""
    slack, wecom, host = house.slack, house.wecom, house.host
    slack.reset()
    wecom.reset()
    house.bot.database.time = time
    with base.begin() as uow:
        since = uow.session.scalar(text("select coalesce(max(id), 0) from procrastinate_jobs"))
    acme = build.company(base, rules=rules)
    with base.begin(acme.org_id) as uow:
        for platform in ("slack", "playground"):
            acme.group[platform] = build.group(uow, acme, platform, pool="open")
    users = {build.external("slack", name, acme.org_id): build.PEOPLE[name][0] for name in build.PEOPLE}
    team = f"T{acme.org_id:08d}"
    join(slack, users, team=team, token=f"xoxb-{acme.org_id}", channels=(f"C{acme.org_id}OPEN",))
    wecom.corp_id, wecom.secret = f"ww{acme.org_id:016d}", f"secret-{acme.org_id}"
    wecom_drivers.join(
        wecom, {build.external("wecom", name, acme.org_id): build.PEOPLE[name][0] for name in build.PEOPLE}
    )
    caller = Caller(
        post=lambda path, body: call(host, "POST", path, body), corp_id=wecom.corp_id, agent_id=wecom.agent_id,
        token="token", aes_key="k" * 43,
    )  # fmt: skip
    wire = Wire(host, slack, team=team)
    house.client.cookies.clear()
    yield World(acme, house.bot, Work.of(house.bot), time, slack, wecom, wire, caller, house.client, since)
    wire.close()


@contextmanager
def open_world(
    url: str, redis_url: str, time: DrivenClock, *, rules: str | None = None, base: Database
) -> Iterator[World]:
    """A house for one company alone."""
    with open_house(url, redis_url, time) as house, move_in(house, time, rules=rules, base=base) as world:
        yield world


def titles(cards: list[Seen]) -> list[str]:
    return [card.title for card in cards]
