"""The leads behind a figure of the digest: of a stage, of a person, or left alone, as far as the viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from crm.rules.access import Actor
from crm.services import leads
from crm.services.digest_facts import HOARDED, IDLE, SOON
from crm.services.leads import LeadView
from crm.uow import UnitOfWork

MOST_PEOPLE, MOST_STAGES, MOST = 40, 20, 100
# The digest counts by the same conditions.
_LEFT = {
    "due": "l.recycle_at >= :now and l.recycle_at < :soon",
    "idle": "l.followed_up_at < :idle",
    "untouched": "l.followed_up_at is null and l.assigned_at < :hoarded",
    "stage": "l.stage = :key",
    "member": "cast(m.id as text) = :key",
}
_HELD = """
    from member m
    join department d on d.org_id = m.org_id and d.id = m.department_id
    join lead l on l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open' and l.origin <> 'self'
    where m.org_id = :org and (cast(:department as bigint) is null or :department = any(d.path))
"""
_PEOPLE = text(f"select m.id, m.name, count(*) as held {_HELD} group by m.id, m.name order by m.name, m.id limit :most")
_STAGES = text(
    f"""
    with held as (select l.line_id, l.stage, count(*) as held {_HELD} group by l.line_id, l.stage)
    select s.key, min(s.name) as name, min(s.name_zh) as name_zh, sum(held.held) as held
    from held join pipeline p on p.org_id = :org and p.line_id = held.line_id
    join stage s on s.org_id = p.org_id and s.pipeline_id = p.id and s.key = held.stage
    group by s.key order by min(s.position), s.key limit :most
    """  # noqa: S608  (constants)
)


@dataclass(frozen=True, slots=True)
class Look:
    """Something to look into: what it is by its key, and how many leads are behind it (None: not counted)."""

    what: str
    name: str
    name_zh: str
    held: int


def looks(uow: UnitOfWork, department_id: int | None) -> list[Look]:
    """The stages and people of a team that have leads behind them."""
    args = {"org": uow.org_id, "department": department_id}
    stages = uow.session.execute(_STAGES, args | {"most": MOST_STAGES})
    people = uow.session.execute(_PEOPLE, args | {"most": MOST_PEOPLE})
    return [
        *(Look(f"stage:{row.key}", row.name, row.name_zh, int(row.held)) for row in stages),
        *(Look(f"member:{row.id}", row.name, row.name, row.held) for row in people),
    ]


def behind(uow: UnitOfWork, *, actor: Actor, department_id: int | None, what: str) -> Sequence[LeadView]:
    """The leads behind a figure, the most urgent first, as far as the actor may see them."""
    kind, _, key = what.partition(":")
    statement = text(
        f"select l.id {_HELD} and {_LEFT.get(kind, 'false')} order by l.recycle_at nulls last, l.id limit :most"
    )
    args = {
        "org": uow.org_id, "department": department_id, "key": key, "most": MOST, "now": uow.now,
        "soon": uow.now + SOON, "idle": uow.now - IDLE, "hoarded": uow.now - HOARDED,
    }  # fmt: skip
    ids = list(uow.session.scalars(statement, args))
    seen = {lead.id: lead for lead in leads.many(uow, actor=actor, lead_ids=ids)}
    return [seen[lead_id] for lead_id in ids if lead_id in seen]
