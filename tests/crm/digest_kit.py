"""Subscriptions of the tests about digests."""

from datetime import datetime, time

from sqlalchemy import text

from crm.db import Database
from crm.rules.periods import next_at
from crm.services import digests
from crm.services.members import zone
from tests import build

SHANGHAI = "Asia/Shanghai"


def subscribe(
    database: Database, acme: build.Company, at: str, team: str | None = "north", zone_: str | None = None
) -> None:
    """A group of the team that wants the digest at that local time."""
    with database.begin(acme.org_id) as uow:
        group = build.group(uow, acme, "playground", team=team)
        department = acme.department[team] if team else None
        uow.session.execute(
            text("update department set timezone = :z where org_id = :o and id = :d"),
            {"z": zone_, "o": uow.org_id, "d": department},
        )
        wall = time.fromisoformat(at)
        uow.session.execute(
            text(
                "insert into digest_subscription (org_id, department_id, conversation_id, at, next_at)"
                " values (:o, :d, :c, :at, :next)"
            ),
            {
                "o": uow.org_id,
                "d": department,
                "c": group,
                "at": wall,
                "next": next_at(wall, uow.now, zone(zone_ or SHANGHAI)),
            },
        )


def send(database: Database, acme: build.Company, *, news: bool = True) -> int:
    """Do what is due. Args: news: as if something had happened since the last digest."""
    with database.begin(acme.org_id) as uow:
        if news:
            uow.session.execute(text("update digest_subscription set said = null where org_id = :o"), {"o": uow.org_id})
        return digests.send_due(uow)


def sent(database: Database, acme: build.Company) -> list[tuple[str, datetime]]:
    """The day and the moment of each digest owed."""
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(
            text("select card->>'day', created_at from message where org_id = :o and topic = 'digest' order by id"),
            {"o": uow.org_id},
        )
        return [(row[0], row[1]) for row in rows]
