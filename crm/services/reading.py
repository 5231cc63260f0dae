"""Leads, persons and credits as another system reads them: a page at a time, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.services.leads import mask
from crm.uow import UnitOfWork

# What of a timeline's facts others may read: figures and words of ours, nothing that somebody wrote.
FIGURES = frozenset({
    "from", "to", "stage", "outcome", "channel", "amount", "next", "occurred", "verb", "rule", "until", "into", "run",
    "touches", "due", "pool", "line",
})  # fmt: skip
_LEAD = """
    select l.id, 'L-' || l.number as ref, l.person_id, l.status, l.stage, st.funnel, l.owner_id, m.name as owner,
           m.email as owner_email, pool.key as pool, s.key as source, l.origin, l.channel, l.campaign, l.level,
           l.product, l.region, l.amount, l.currency, l.score, l.tags, l.custom, l.touches, l.wave, l.lost_reason,
           l.version, line.key as line, into_.number as into_number, parent.number as parent_number, l.created_at,
           l.assigned_at, l.contacted_at, l.followed_up_at, l.stage_entered_at, l.closed_at, l.recycle_at,
           p.name, p.company, p.title
    from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    join line on line.org_id = l.org_id and line.id = l.line_id
    left join member m on m.org_id = l.org_id and m.id = l.owner_id
    left join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    left join lead into_ on into_.org_id = l.org_id and into_.id = l.merged_into
    left join lead parent on parent.org_id = l.org_id and parent.id = l.parent_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
    where l.org_id = :org and p.restricted_at is null
"""
_ONE = text(_LEAD + " and l.number = :number")
# A condition that was not asked for is true for every row, and PostgreSQL sees that when it plans.
_FILTERS = {
    "status": "l.status = :status", "stage": "l.stage = :stage", "owner": "lower(m.email) = lower(:owner)",
    "source": "s.key = :source", "pool": "l.owner_id is null and pool.key = :pool",
    "updated_since": "exists (select from activity a where a.org_id = l.org_id and a.lead_id = l.id"
    " and a.at >= cast(:updated_since as timestamptz))",
}  # fmt: skip
# What a filter may name.
_THERE = {
    "stage": text("select distinct key from stage where org_id = :org order by key"),
    "owner": text("select lower(email) from member where org_id = :org and email is not null order by 1"),
    "source": text("select key from source where org_id = :org order by key"),
    "pool": text("select key from pool where org_id = :org order by key"),
}
_PERSON = text(
    """
    select p.id, p.name, p.company, p.title, p.contact_state, p.created_at, p.merged_into, p.erased_at, exists (
        select from lead l where l.org_id = p.org_id and l.person_id = p.id and l.origin = 'self') as own
    from person p where p.org_id = :org and p.id = :id and p.restricted_at is null
    """
)
_LEADS_OF = text(
    "select 'L-' || number from lead where org_id = :org and person_id = :id and status <> 'void' order by id limit 200"
)
_KEYS = text(
    """
    select k.person_id, k.kind, k.value, exists (
        select from lead l where l.org_id = k.org_id and l.person_id = k.person_id and l.origin = 'self'
    ) as own
    from person_key k where k.org_id = :org and k.person_id = any(:persons) and k.kind <> 'external'
    order by k.person_id, k.id
    """
)
_MEMBERS = text(
    """
    select m.id, m.name, m.email, m.role, d.key as department, m.active
    from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org order by m.id
    """
)
_CREDITS = text(
    """
    select c.id, 'L-' || l.number as lead, c.member_id, m.name as member, m.email as member_email, c.part, c.share,
           r.version as rules, l.amount, l.currency, c.at, c.voided_at
    from credit c
    join lead l on l.org_id = c.org_id and l.id = c.lead_id
    join member m on m.org_id = c.org_id and m.id = c.member_id
    left join rule_set r on r.org_id = c.org_id and r.id = c.rule_set_id
    where c.org_id = :org and c.id > :after
      and (cast(:since as timestamptz) is null or greatest(c.at, c.voided_at) >= :since)
    order by c.id limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads; None does not matter. `owner` is an e-mail address; `updated_since`: something happened since."""

    status: str | None = None
    stage: str | None = None
    owner: str | None = None
    source: str | None = None
    pool: str | None = None
    updated_since: datetime | None = None

    def given(self) -> dict[str, Any]:
        return {name: value for name in _FILTERS if (value := getattr(self, name)) is not None}


def unknown(uow: UnitOfWork, wanted: Wanted) -> dict[str, list[str]]:
    """What is asked for by a word that is nothing here: the filter, and some of what there is."""
    found = {}
    for name, statement in _THERE.items():
        if (given := getattr(wanted, name)) is not None:
            there = list(uow.session.scalars(statement, {"org": uow.org_id}))
            if (given.lower() if name == "owner" else given) not in there:
                found[name] = there
    return found


def leads(uow: UnitOfWork, wanted: Wanted, *, after: int, most: int, clear: bool) -> list[dict[str, Any]]:
    """A page of leads whose id is above `after`. Args: clear: phones and addresses as they are."""
    given = wanted.given()
    where = "".join(f" and {_FILTERS[name]}" for name in given)
    statement = text(f"{_LEAD} and l.id > :after{where} order by l.id limit :most")
    rows = uow.session.execute(statement, given | {"org": uow.org_id, "after": after, "most": most}).mappings().all()
    return _with_contacts(uow, [dict(row) for row in rows], clear=clear)


def lead(uow: UnitOfWork, number: int, *, clear: bool) -> dict[str, Any] | None:
    """The lead with that number."""
    rows = uow.session.execute(_ONE, {"org": uow.org_id, "number": number}).mappings().all()
    found = _with_contacts(uow, [dict(row) for row in rows], clear=clear)
    return found[0] if found else None


def person(uow: UnitOfWork, person_id: int, *, clear: bool) -> dict[str, Any] | None:
    """The person with that id, and the references of the leads."""
    row = uow.session.execute(_PERSON, {"org": uow.org_id, "id": person_id}).mappings().one_or_none()
    if row is None:
        return None
    refs = list(uow.session.scalars(_LEADS_OF, {"org": uow.org_id, "id": person_id}))
    known = contacts(uow, [person_id], clear=clear).get(person_id, [])
    return {**row, **_named(dict(row), clear=clear and not row["own"]), "leads": refs, "contacts": known}


def credits(uow: UnitOfWork, *, since: datetime | None, after: int, most: int) -> list[dict[str, Any]]:  # noqa: A001  (the word)
    """A page of who earned which share of a won lead; `voided_at` where it was not won after all."""
    args = {"org": uow.org_id, "since": since, "after": after, "most": most}
    return [dict(row) for row in uow.session.execute(_CREDITS, args).mappings()]


def members(uow: UnitOfWork) -> list[dict[str, Any]]:
    """All colleagues, also those who have left."""
    return [dict(row) for row in uow.session.execute(_MEMBERS, {"org": uow.org_id}).mappings()]


def contacts(uow: UnitOfWork, persons: Sequence[int], *, clear: bool) -> dict[int, list[dict[str, str]]]:
    """Phones and addresses by person. Of whom somebody found by himself, they are masked for every system."""
    found: dict[int, list[dict[str, str]]] = {}
    for row in uow.session.execute(_KEYS, {"org": uow.org_id, "persons": list(persons)}):
        shown = row.value if clear and not row.own else mask(row.kind, row.value)
        found.setdefault(row.person_id, []).append({"kind": row.kind, "value": shown})
    return found


def figures(data: Mapping[str, Any]) -> dict[str, Any]:
    """What of a timeline's facts others may read."""
    plain = (str, int, float, bool, type(None))
    return {name: value for name, value in data.items() if name in FIGURES and isinstance(value, plain)}


def _with_contacts(uow: UnitOfWork, rows: list[dict[str, Any]], *, clear: bool) -> list[dict[str, Any]]:
    known = contacts(uow, list({row["person_id"] for row in rows}), clear=clear) if rows else {}
    for row in rows:
        person_id, open_ = row.pop("person_id"), clear and row["origin"] != "self"
        who = _named({name: row.pop(name) for name in ("name", "company", "title")}, clear=open_)
        row["person"] = {"id": person_id, **who, "contacts": known.get(person_id, [])}
        row["custom"] = row["custom"] if open_ else None
        row["merged_into"] = _ref(row.pop("into_number"))
        row["follows"] = _ref(row.pop("parent_number"))
    return rows


def _named(who: dict[str, Any], *, clear: bool) -> dict[str, str]:
    """Whose name it is; the first letter of it where that is nobody's business."""
    named = {name: str(who[name]) for name in ("name", "company", "title")}
    return named if clear else {"name": mask("name", named["name"]), "company": named["company"], "title": ""}


def _ref(number: int | None) -> str | None:
    return f"L-{number}" if number else None
