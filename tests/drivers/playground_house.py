"""The whole Sluice behind the playground: real door, dispatcher, database and jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from starlette.testclient import TestClient

from bot.app import Bot
from crm.clock import TimeSource
from crm.services import placing
from crm.settings import Settings
from ops.runtime import Work, compose
from tests import build
from tests.drivers.playground import PlaygroundDriver
from webhooks.app import create_app

DONE = "update procrastinate_jobs set status = 'succeeded' where status = 'todo'"
DUE = "select id, task_name, args from procrastinate_jobs where status = 'todo' order by id"
TAKE = "update procrastinate_jobs set status = 'succeeded' where id = any(:ids)"
ROUNDS = 5


@dataclass(frozen=True)
class House:
    """A company in the playground, with a group for its open pool and one for the team north."""

    acme: build.Company
    bot: Bot
    app: FastAPI
    work: Work
    pool: str
    north: str

    @property
    def workspace(self) -> str:
        return f"playground-{self.acme.org_id}"

    def who(self, name: str) -> str:
        """The persona's id in the playground."""
        return build.external("playground", name, self.acme.org_id)

    def person(self, client: TestClient, name: str) -> PlaygroundDriver:
        return PlaygroundDriver(client, self.who(name), workspace=self.workspace)

    def lead(self, **facts: Any) -> str:
        """A lead as it is after a while; its reference."""
        with self.bot.database.begin(self.acme.org_id) as uow:
            return build.read(uow, build.lead(uow, self.acme, **facts)).ref

    def arrives(self, **facts: Any) -> str:
        """A lead that has just come into the open pool, announced to its group."""
        with self.bot.database.begin(self.acme.org_id) as uow:
            lead_id = build.lead(uow, self.acme, **facts)
            placing.announce(uow, self.acme.pool["open"], [lead_id])
            ref = build.read(uow, lead_id).ref
        self.run_jobs()
        return ref

    def run_jobs(self) -> None:
        """Do what is due, and what that makes due."""
        for _ in range(ROUNDS):
            with self.bot.database.session() as session, session.begin():
                due = session.execute(text(DUE)).all()
                session.execute(text(TAKE), {"ids": [job.id for job in due]})
            for job in due:
                self.work.by_name()[job.task_name](**job.args)


@contextmanager
def house(url: str, redis_url: str, *, time: TimeSource) -> Iterator[House]:
    """Composed as a process does it, on this worker's database."""
    bot = compose(
        Settings(
            database_url=url,
            redis_url=redis_url,
            secret_key=SecretStr(build.SECRET),
            playground=True,
            statement_timeout_ms=20_000,
        ),
        time=time,
    )
    with bot.database.session() as session, session.begin():
        session.execute(text(DONE))
    acme = build.company(bot.database)
    with bot.database.begin(acme.org_id) as uow:
        build.group(uow, acme, "playground", pool="open")
        build.group(uow, acme, "playground", team="north")
    yield House(acme, bot, create_app(bot), Work.of(bot), f"C{acme.org_id}OPEN", f"C{acme.org_id}NORTH")
    bot.database.close()
    bot.redis.close()
