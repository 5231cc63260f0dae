"""A company for tests of services: what its people do, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from crm.clock import DrivenClock
from crm.db import Database
from crm.rules.access import Actor
from crm.services import leads, members, pools, tasks, undo
from tests import build

COLUMNS = (
    "status", "stage", "owner_id", "pool_id", "followed_up_at", "contacted_at", "stage_entered_at", "closed_at",
    "amount", "lost_reason", "extended_until", "extensions", "recycle_at", "recycle_rule", "warn_at", "warn_step",
    "assigned_at",
)  # fmt: skip


class Desk:
    """One company. Args: rules: the rule set in force as YAML."""

    def __init__(self, database: Database, time: DrivenClock, rules: str | None = None) -> None:
        self.database, self.time = database, time
        self.acme = build.company(database, rules=rules)

    def make(self, **facts: Any) -> int:
        """A lead as it is after a while; its id."""
        with self.database.begin(self.acme.org_id) as uow:
            return build.lead(uow, self.acme, **facts)

    def does(self, who: str, work: Callable[..., Any], lead_id: int | None = None) -> Any:
        """Let somebody do something, with a lead where one is named: `work(uow, actor=..., lead=...)`."""
        with self.database.begin(self.acme.org_id) as uow:
            actor = members.get(uow, self.acme.member[who])
            about = {"lead": leads.access_id(uow, actor=actor, lead_id=lead_id)} if lead_id else {}
            return work(uow, actor=actor, **about)

    def undoes(self, who: str, activity_id: int | None = None) -> tuple[int, str]:
        """Undo, and which lead (the first of several) and what it was."""
        undone = self.does(who, lambda uow, actor: undo.undo(uow, actor=actor, activity_id=activity_id))
        return undone.lead_ids[0], undone.verb

    def person(self, name: str) -> Actor:
        with self.database.begin(self.acme.org_id) as uow:
            return members.get(uow, self.acme.member[name])

    def ref(self, lead_id: int) -> str:
        with self.database.begin(self.acme.org_id) as uow:
            return f"L-{build.read(uow, lead_id).number}"

    def state(self, lead_id: int) -> dict[str, Any]:
        """What of a lead a change may touch."""
        with self.database.begin(self.acme.org_id) as uow:
            lead = build.read(uow, lead_id)
            return {name: getattr(lead, name) for name in COLUMNS}

    def load(self, who: str) -> Any:
        with self.database.begin(self.acme.org_id) as uow:
            return pools.load_of(uow, members.get(uow, self.acme.member[who]))

    def open_tasks(self, who: str) -> list[int]:
        far = self.time() + timedelta(days=400)
        return [
            task.id
            for task in self.does(who, lambda uow, actor: tasks.open_ones(uow, actor=actor, until=far, whose="own"))
        ]

    def count(self, what: str, **args: Any) -> Any:
        """A figure straight from the database, within this company."""
        with self.database.begin(self.acme.org_id) as uow:
            return uow.session.scalar(text(what), {"org": self.acme.org_id, **args})

    def owed(self, topic: str) -> list[int]:
        """To whom messages of a topic are owed."""
        with self.database.begin(self.acme.org_id) as uow:
            found = text("select member_id from message where org_id = :org and topic = :topic order by id")
            return list(uow.session.scalars(found, {"org": self.acme.org_id, "topic": topic}))
