"""Erasing one customer: all that is personal goes, in one transaction, and the history stays whole without it.

Open leads close; whoever owned one is told, without a name. Cards that stand in a chat are drawn over. What was erased
is written down and signed, in figures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text

from crm import queue
from crm.db import Database
from crm.rules.personal import FACTS, FILES, HELD, MENTIONS, STRUCK, Held
from crm.services import audit, keyring, list_journal, persons, suppressing, timeline
from crm.services.persons import Whole
from crm.uow import UnitOfWork

Basis = Literal["request", "retention", "mistake", "backup"]
# After these nobody comes back by an old list.
FOR_GOOD = ("request", "backup")
_OF_SOURCE = (
    "exists (select from source s join unnest(cast(:externals as text[])) e on e = s.key || ':' || t.{column}"
    " where s.org_id = t.org_id and s.id = t.source_id)"
)
WHOSE = {
    "person": "t.person_id = any(:persons)",
    "lead": "t.lead_id = any(:leads)",
    "pair": "(t.left_id = any(:persons) or t.right_id = any(:persons))",
    "survivor": "(t.survivor_id = any(:persons) or t.loser_id = any(:persons))",
    "contact": ("t.external_id in (select substr(e, strpos(e, ':') + 1) from unnest(cast(:externals as text[])) e)"),
    "phone": "t.phone = any(:phones)",
    "feed": _OF_SOURCE.format(column="external_id"),
    "fetch": _OF_SOURCE.format(column="own_id"),
}
_LOCK_PERSONS = text("select id from person where org_id = :org and id = any(:persons) order by id for update")
_LOCK_LEADS = text("select id from lead where org_id = :org and id = any(:leads) order by id for no key update")
_CLOSE = text(
    """
    with was as (
        select id, owner_id, counts from lead where org_id = :org and id = any(:leads) and status = 'open'
    ), gone as (
        update lead l set status = 'void', closed_at = :now, recycle_at = null, recycle_rule = null, warn_at = null,
               warn_step = 0, sla_at = null, score_at = null, held_by = null, held_since = null, held_until = null,
               held_for = null, protected_until = null, version = l.version + 1
        from was where l.org_id = :org and l.id = was.id
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'erased', reason = 'erased' from was
        where a.org_id = :org and a.lead_id = was.id and a.ended_at is null
    ), withdrawn as (
        update offer o set state = 'withdrawn', closed_at = :now from was
        where o.org_id = :org and o.lead_id = was.id and o.state = 'open'
    ), counted as (
        update rep_load r set holding = greatest(r.holding - held.many, 0)
        from (select owner_id, count(*) as many from was where counts and owner_id is not null group by owner_id) held
        where r.org_id = :org and r.member_id = held.owner_id
    )
    select id, owner_id from was order by id
    """
)
# A card of several leads is drawn anew; one of this customer alone gives way to a card that says why.
_CARDS = text(
    """
    with drawn as (
        select c.id, exists (
            select from posted_card o where o.org_id = c.org_id and o.workspace_id = c.workspace_id
              and o.place = c.place and o.place <> '' and not coalesce(o.lead_id = any(:leads), false)) as shared
        from posted_card c where c.org_id = :org and c.lead_id = any(:leads) and c.handle <> '{}'
    )
    update posted_card c set live = true, wanted = greatest(c.wanted, c.shown) + 1,
           card = case when drawn.shared then c.card else cast(:erased as jsonb) end
    from drawn where c.org_id = :org and c.id = drawn.id
    returning c.id, c.place
    """
)
_FILES = text(
    f"""
    delete from {FILES} f where f.org_id = :org and (lower(f.name) like any(cast(:marks as text[])) or f.content in (
        select a.content from attachment a where a.org_id = :org and a.lead_id = any(:leads) and a.content is not null))
    """  # noqa: S608  (a constant)
)
_JOBS = text(
    "delete from procrastinate_jobs where status <> 'doing' and args->>'org_id' = cast(:org as text)"
    " and lower(args::text) like any(cast(:marks as text[]))"
)
_RECORD = text(
    "insert into erasure (org_id, scope, person_id, basis, by_id, at, counts, signature)"
    " values (:org, :scope, :person, :basis, :by, :now, cast(:counts as jsonb), :signature) returning id"
)
_HAPPENED = text(
    "insert into happening (org_id, topic, person_id, member_id, at, data)"
    " values (:org, 'person.erased', :person, null, :now, '{}')"
)
_IS_ERASED = text("select erased_at from person where org_id = :org and id = :person")
ERASED_CARD = json.dumps({"card": "erased", "args": {}})


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: the record's id, and how many rows of each table lost something."""

    id: int
    counts: Mapping[str, int]


def erase(uow: UnitOfWork, person_id: int, *, by: int | None, basis: Basis) -> Erased | None:
    """Erase all records of a human being; None where that was done before. Takes seconds where much is known."""
    who = persons.whole(uow, person_id)
    uow.session.execute(_LOCK_PERSONS, who.args(uow))
    if not who.persons or uow.session.scalar(_IS_ERASED, {"org": uow.org_id, "person": who.persons[0]}):
        return None
    uow.session.execute(_LOCK_LEADS, who.args(uow))
    closed = uow.session.execute(_CLOSE, who.args(uow)).all()
    _draw_over(uow, who)
    counts = {"lead closed": len(closed)} | _mentions(uow, who) | _struck(uow, who) | _blank(uow, who, HELD)
    made = record(uow, "person", who.persons[0], basis, by, counts)
    if basis in FOR_GOOD and who.keys:
        suppressing.keep(uow, who.keys, made.id)
    for lead_id in who.leads:
        timeline.note(uow, lead_id=lead_id, verb="erased", actor_id=by, data={"erasure": made.id, "because": basis})
    uow.session.execute(_HAPPENED, {"org": uow.org_id, "person": who.persons[0], "now": uow.now})
    for row in closed:
        if row.owner_id not in (None, by):
            uow.notify("lead.erased", to=row.owner_id, key=f"erased:{row.id}", data={"lead": row.id})
    return made


def blank(uow: UnitOfWork, lead_ids: list[int], person_id: int) -> Erased:
    """Erase the words of closed leads that are old, while their customer stays."""
    who = Whole((), tuple(lead_ids), ())
    uow.session.execute(_LOCK_LEADS, who.args(uow))
    _draw_over(uow, who)
    counts = _blank(uow, who, tuple(each for each in HELD if each.leads_only))
    return record(uow, "leads", person_id, "retention", None, counts)


def record(
    uow: UnitOfWork, scope: str, person_id: int, basis: Basis, by: int | None, counts: Mapping[str, int]
) -> Erased:
    """Write down, signed, that something was erased."""
    kept = {name: many for name, many in sorted(counts.items()) if many}
    args = {"scope": scope, "person": person_id, "basis": basis, "by": by, "at": uow.now.isoformat(), "counts": kept}
    signature = keyring.sign(keyring.key(uow, "erasure"), signed_words(args))
    made = uow.session.scalar(
        _RECORD, args | {"org": uow.org_id, "now": uow.now, "counts": json.dumps(kept), "signature": signature}
    )
    audit.write(uow, "person.erased", by=by, subject=f"person:{person_id}", data={"erasure": made, "basis": basis})
    return Erased(int(made or 0), kept)


def signed_words(args: Mapping[str, Any]) -> str:
    """What the signature of a record is of."""
    return json.dumps([args[name] for name in ("scope", "person", "basis", "by", "at", "counts")], sort_keys=True)


def work_off(database: Database, *, org_id: int, person_id: int, by_id: int) -> None:
    """What an admin ordered in a chat: a job, because it may read whole tables. Twice is harmless."""
    with database.begin(org_id) as uow:
        made = erase(uow, person_id, by=by_id, basis="request")
        if made:
            uow.notify("person.erased", to=by_id, key=f"erasure:{made.id}", data={"erasure": made.id})


def where(held: Held) -> str:
    """By which condition the rows `t` of a customer are found."""
    own = {"person": "t.id = any(:persons)", "lead": "t.id = any(:leads)"}
    return own[held.table] if held.table in own else WHOSE[held.whose]


def _blank(uow: UnitOfWork, who: Whole, every: tuple[Held, ...]) -> dict[str, int]:
    list_journal.forget(uow, who.leads)
    args = who.args(uow) | {"facts": list(FACTS)}
    # Keys and persons last: others are found by them.
    return {held.table: _rows(uow, _erasing(held.table, held.erased, where(held)), args) for held in reversed(every)}


def _mentions(uow: UnitOfWork, who: Whole) -> dict[str, int]:
    """What is not filed under the customer, but names one."""
    args = who.args(uow) | {"facts": list(FACTS), "marks": persons.marks(uow, who), "refs": persons.refs(uow, who)}
    said = "lower(cast(to_jsonb(t) as text)) like any(cast(:marks as text[]))"
    done = {}
    for table, erased in MENTIONS.items():
        found = f"({said} or t.text ~* :refs)" if table == "playground_message" else said
        done[f"{table} naming"] = _rows(uow, _erasing(table, erased or {}, found), args)
    for name, statement in ((FILES, _FILES), ("jobs", _JOBS)):
        done[name] = int(uow.session.execute(statement, args).rowcount)  # type: ignore[attr-defined]
    return done


def _struck(uow: UnitOfWork, who: Whole) -> dict[str, int]:
    """Keys in what was written about other customers."""
    pattern = persons.keys_pattern(who)
    if pattern is None:
        return {}
    args, done = who.args(uow) | {"pattern": pattern}, {}
    for table, column in ((table, column) for table, columns in STRUCK.items() for column in columns):
        struck = {column: f"regexp_replace(t.{column}, :pattern, '***', 'gi')"}
        done[f"{table} struck"] = _rows(uow, _erasing(table, struck, f"t.{column} ~* :pattern"), args)
    return done


def _erasing(table: str, erased: Mapping[str, str], found: str) -> str:
    """Names of tables and columns come from `crm/rules/personal.py`."""
    if not erased:
        return f"delete from {table} t where t.org_id = :org and {found}"  # noqa: S608
    sets = ", ".join(f"{column} = {value}" for column, value in erased.items())
    return f"update {table} t set {sets} where t.org_id = :org and {found}"  # noqa: S608


def _rows(uow: UnitOfWork, statement: str, args: Mapping[str, Any]) -> int:
    return int(uow.session.execute(text(statement), args).rowcount)  # type: ignore[attr-defined]


def _draw_over(uow: UnitOfWork, who: Whole) -> None:
    for row in uow.session.execute(_CARDS, who.args(uow) | {"erased": ERASED_CARD}):
        lock = queue.card_lock(row.id, row.place)
        uow.defer(queue.Order(queue.EDIT, {"org_id": uow.org_id, "card_id": row.id}, lock=lock))
