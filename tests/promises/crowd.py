"""Many reps at once: made in a moment, then claiming at the same instant on different platforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

from sqlalchemy import insert

from crm.models import ChatIdentity, Member, RepLoad
from crm.uow import UnitOfWork
from tests import build
from tests.drivers import slack, wecom
from tests.world import World


@dataclass(frozen=True, eq=False)
class Rival:
    """A rep who claims on one platform."""

    world: World
    platform: str
    name: str

    @property
    def user(self) -> str:
        return build.external(self.platform, self.name, self.world.acme.org_id)

    @property
    def member_id(self) -> int:
        return self.world.acme.member[self.name]

    @property
    def shown(self) -> str:
        return f"Rep {self.name}"

    def says(self, words: str) -> str:
        """Type a command. Returns what Slack shows from the same HTTP answer; WeCom's is a message, see `heard`."""
        if self.platform == "slack":
            response = self.world.wire.command(self.user, words, "D" + self.user[1:])
            assert response.status_code == 200
            return str(response.json()["text"])
        assert self.world.caller.text(self.user, words).status == 200
        return ""

    def heard(self) -> str:
        """The newest message of WeCom."""
        return self.world.chat(self.platform, self.name).inbox()[-1].text


def add_rivals(world: World, count: int, platforms: Sequence[str] = ("slack", "wecom")) -> list[Rival]:
    """So many new reps of team north, each at home on one of the platforms in turn."""
    rivals = [Rival(world, platforms[number % len(platforms)], f"r{number}") for number in range(count)]
    with world.database.begin(world.acme.org_id) as uow:
        for rival in rivals:
            world.acme.member[rival.name] = _member(uow, world, rival)  # type: ignore[index]
    slack.join(
        world.slack,
        {rival.user: rival.shown for rival in rivals},
        team=world.wire.team,
        token=f"xoxb-{world.acme.org_id}",
    )
    wecom.join(world.wecom, {rival.user: rival.shown for rival in rivals})
    return rivals


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all calls in threads that start at the same instant; what they return, in order."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def _member(uow: UnitOfWork, world: World, rival: Rival) -> int:
    columns = {
        "org_id": uow.org_id, "name": rival.shown, "email": f"{rival.name}@acme.example", "role": "rep",
        "department_id": world.acme.department["north"], "manager_id": world.acme.member["mia"], "active": True,
        "on_duty": True, "tags": [], "preferences": {}, "joined_at": uow.now, "toured_at": uow.now,
    }  # fmt: skip
    known = {name: value for name, value in columns.items() if name in Member.__table__.columns}
    member_id: int = uow.session.scalars(insert(Member).values(**known).returning(Member.id)).one()
    day = uow.now.date()
    ledger = {"holding": 0, "day": day, "day_claims": 0, "week": day, "week_claims": 0, "dealt_day": 0}
    uow.session.execute(insert(RepLoad).values(org_id=uow.org_id, member_id=member_id, **ledger))
    where = {"workspace_id": world.acme.workspace[rival.platform], "external_id": rival.user}
    uow.session.execute(insert(ChatIdentity).values(org_id=uow.org_id, member_id=member_id, **where))
    return member_id
