"""A company on WeCom with everything real but WeCom itself: door, dispatcher, database and jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.app import Bot
from crm.clock import DrivenClock
from crm.db import Database
from crm.services import placing
from crm.settings import Settings
from ops.runtime import Work, compose
from tests import build
from tests.doubles.wecom import WeComDouble
from tests.doubles.wecom_caller import Caller
from tests.drivers.wecom import WeComDriver, join
from tests.serving import call, serving
from webhooks.app import create_app

CLAIM_ONE = "update procrastinate_jobs set status = 'succeeded' where id = :id"
DUE = "select id, task_name, args from procrastinate_jobs where status = 'todo' order by id"


@dataclass
class House:
    """One company on WeCom, its double, and whoever drives it."""

    acme: build.Company
    database: Database
    wecom: WeComDouble
    caller: Caller
    work: Work

    def person(self, name: str) -> WeComDriver:
        return WeComDriver(self.caller, self.wecom, self.user(name), run_jobs=self.run_jobs)

    def user(self, name: str) -> str:
        return build.external("wecom", name, self.acme.org_id)

    def run_jobs(self) -> None:
        """Do what is due, and what that makes due."""
        for _ in range(5):
            with self.database.session() as session, session.begin():
                due = session.execute(text(DUE)).all()
                session.execute(text(CLAIM_ONE), [{"id": job.id} for job in due] or {"id": 0})
            for job in due:
                self.work.by_name()[job.task_name](**job.args)

    def scalar(self, statement: str, **args: Any) -> Any:
        """One figure of this company; `:o` is its id."""
        with self.database.begin(self.acme.org_id) as uow:
            return uow.session.scalar(text(statement), {"o": uow.org_id, **args})

    def rows(self, statement: str, **args: Any) -> list[tuple[Any, ...]]:
        """Rows of this company, likewise."""
        with self.database.begin(self.acme.org_id) as uow:
            return [tuple(row) for row in uow.session.execute(text(statement), {"o": uow.org_id, **args})]

    def lead(self, **facts: Any) -> str:
        """A lead as it is after a while; its reference."""
        with self.database.begin(self.acme.org_id) as uow:
            return f"L-{build.read(uow, build.lead(uow, self.acme, **facts)).number}"

    def arrives(self, **facts: Any) -> str:
        """A lead that has just come into the open pool, announced to those who may claim it."""
        with self.database.begin(self.acme.org_id) as uow:
            lead_id = build.lead(uow, self.acme, **facts)
            placing.announce(uow, self.acme.pool["open"], [lead_id])
            ref = f"L-{build.read(uow, lead_id).number}"
        self.run_jobs()
        return ref


@pytest.fixture
def wecom() -> Iterator[WeComDouble]:
    with WeComDouble() as double:
        yield double


@pytest.fixture
def bot(wecom: WeComDouble, time: DrivenClock, migrated_url: str, redis_url: str) -> Iterator[Bot]:
    settings = Settings(
        database_url=migrated_url,
        redis_url=redis_url,
        secret_key=SecretStr(build.SECRET),
        wecom_api_url=wecom.url,
        statement_timeout_ms=20_000,
    )
    bot = compose(settings, time=time)
    yield bot
    bot.database.close()
    bot.redis.close()


@pytest.fixture
def house(database: Database, wecom: WeComDouble, bot: Bot) -> Iterator[House]:
    with database.session() as session, session.begin():
        session.execute(text("update procrastinate_jobs set status = 'succeeded' where status = 'todo'"))
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        alone = "update workspace set dead_at = :now where org_id = :org and platform <> 'wecom'"
        uow.session.execute(text(alone), {"now": uow.now, "org": acme.org_id})
    wecom.corp_id, wecom.secret = f"ww{acme.org_id:016d}", f"secret-{acme.org_id}"
    join(wecom, {build.external("wecom", name, acme.org_id): build.PEOPLE[name][0] for name in build.PEOPLE})
    with serving(create_app(bot)) as host:
        caller = Caller(
            post=lambda path, body: call(host, "POST", path, body),
            corp_id=wecom.corp_id,
            agent_id=wecom.agent_id,
            token="token",
            aes_key="k" * 43,
        )
        yield House(acme, database, wecom, caller, Work.of(bot))
    assert wecom.cut == []
