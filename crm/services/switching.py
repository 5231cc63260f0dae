"""Leads as a former system left them: owner, stage, how they ended, and what was done with them, all with its dates.

Their clocks begin when they come in: a date of last year takes nothing back on the first day. Capacity is counted and
refuses nobody; who holds more than allowed is told afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import text

from crm.models import Source
from crm.rules import quota
from crm.rules.arrival import Key
from crm.rules.past import Past
from crm.rules.sheet_row import NO_HISTORY, Row
from crm.services import clocks, intake_many, lead_facts, members, ownership, scoring
from crm.services.intake import TakenIn
from crm.uow import UnitOfWork

_SET = text(
    """
    update lead l set owner_id = s.owner, stage = coalesce(s.stage, l.stage), status = s.status, counts = s.counts,
        created_at = least(s.created, l.created_at), assigned_at = case when s.owner is not null then s.assigned end,
        contacted_at = s.first, followed_up_at = s.last, stage_entered_at = coalesce(s.entered, s.created, :now),
        closed_at = case when s.status <> 'open' then coalesce(s.closed, :now) end, lost_reason = s.reason,
        pool_entered_at = case when s.owner is null then :now end
    from jsonb_to_recordset(cast(:rows as jsonb)) as s(lead bigint, owner bigint, stage text, status text,
        counts boolean, created timestamptz, assigned timestamptz, first timestamptz, last timestamptz,
        entered timestamptz, closed timestamptz, reason text)
    where l.org_id = :org and l.id = s.lead
    """
)
_SINCE = text(
    """
    update activity a set at = l.created_at from lead l
    where a.org_id = :org and a.lead_id = any(:leads) and a.verb = 'created' and a.at = :now
      and l.org_id = :org and l.id = a.lead_id
    """
)
_ASSIGN = text(
    """
    insert into assignment (org_id, lead_id, member_id, began_at, began_by, ended_at, ended_by)
    select :org, l.id, l.owner_id, s.began, 'created', l.closed_at,
           case l.status when 'won' then 'converted' when 'lost' then 'lost' end
    from jsonb_to_recordset(cast(:rows as jsonb)) as s(lead bigint, began timestamptz)
    join lead l on l.org_id = :org and l.id = s.lead where l.owner_id is not null
    """
)
_CREDIT = text(
    """
    insert into credit (org_id, lead_id, member_id, part, share, rule_set_id, at)
    select :org, id, owner_id, 'owner', 1, :rules, closed_at from lead
    where org_id = :org and id = any(:leads) and owner_id is not null and status = 'won'
    """
)
_LOAD = text(
    """
    insert into rep_load as r (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :org, owner_id, count(*), :day, 0, :day, 0, 0 from lead
    where org_id = :org and id = any(:leads) and owner_id is not null and status = 'open' and counts
    group by owner_id order by owner_id
    on conflict (org_id, member_id) do update set holding = r.holding + excluded.holding
    """
)
_HISTORY = text(
    """
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data)
    select :org, h.lead, h.actor, h.verb, h.at, h.words, h.data
    from jsonb_to_recordset(cast(:rows as jsonb)) as h(lead bigint, actor bigint, verb text, at timestamptz, words text,
        data jsonb)
    order by h.at, h.lead
    """
)
_SHIELD = text(
    """
    update lead l set extended_until = s.until
    from unnest(cast(:leads as bigint[]), cast(:until as timestamptz[])) as s(lead, until)
    where l.org_id = :org and l.id = s.lead
    """
)
_FUNNELS = text("select key, funnel from stage where org_id = :org")
_HELD = text("select member_id, holding from rep_load where org_id = :org and holding > 0")


@dataclass(frozen=True, slots=True)
class Over:
    """A member who holds more than the cap allows."""

    name: str
    holding: int
    cap: int


def take(uow: UnitOfWork, rows: Sequence[Row], *, source: Source | None) -> list[tuple[Row, TakenIn]]:
    """Take in the rows of a chunk with their past; what became of each.

    Of several leads of one person those that ended come first, each a lead of its own; the one that is open, last.
    """
    done: list[tuple[Row, TakenIn]] = []
    for wave in _waves(rows):
        taken = intake_many.take_in_many(uow, [row.checked for row in wave], source=source, quiet=True)
        pairs = list(zip(wave, taken, strict=True))
        _settle(uow, [(row, one.lead_id) for row, one in pairs if one.created])
        _tell(uow, [(row, one.lead_id) for row, one in pairs if not one.created])
        done += pairs
    return done


def over_capacity(uow: UnitOfWork) -> list[Over]:
    """Who holds more than allowed, most first."""
    held = {row.member_id: row.holding for row in uow.session.execute(_HELD, {"org": uow.org_id})}
    found = [Over(one.name, held[one.id], ownership.room(uow, one).cap) for one in members.get_many(uow, sorted(held))]
    return sorted((one for one in found if one.holding > one.cap), key=lambda one: (one.cap - one.holding, one.name))


def _waves(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that may go in together: before a further lead of a person comes, the former one has to be closed."""
    ended = [row for row in rows if _past(row).status != "open"]
    waves: list[list[Row]] = []
    behind: dict[Key, int] = {}
    for row in [*ended, *(row for row in rows if _past(row).status == "open")]:
        number = max((behind.get(key, 0) for key in row.checked.keys), default=0)
        waves += [[] for _ in range(number + 1 - len(waves))]
        waves[number].append(row)
        behind.update((key, number + (_past(row).status != "open")) for key in row.checked.keys)
    return waves


def _settle(uow: UnitOfWork, new: Sequence[tuple[Row, int]]) -> None:
    if not new:
        return
    leads = [lead_id for _, lead_id in new]
    funnels = {row.key: row.funnel for row in uow.session.execute(_FUNNELS, {"org": uow.org_id})}
    args = {
        "org": uow.org_id, "now": uow.now, "leads": leads, "rules": uow.rule_set_id, "day": uow.now.date(),
        "rows": _dumped([_values(uow, row, lead_id, funnels) for row, lead_id in new]),
    }  # fmt: skip
    for statement in (_SET, _SINCE, _ASSIGN, _CREDIT, _LOAD):
        uow.session.execute(statement, args)
    _tell(uow, new, steps=True)
    _shield(uow, [lead_id for row, lead_id in new if row.owner_id and _past(row).status == "open"])
    scoring.refresh(uow, leads)


def _values(uow: UnitOfWork, row: Row, lead_id: int, funnels: Mapping[str, str]) -> dict[str, Any]:
    past = _past(row)
    since = min(past.assigned_at or past.first_contact or past.created_at or uow.now, past.closed_at or uow.now)
    created = min(at for at in (past.created_at, past.first_contact, past.assigned_at, uow.now) if at)
    # Whoever is beyond the first stage has been spoken to, also where nobody wrote down when.
    first = past.first_contact or (since if funnels.get(past.stage or "", "new") != "new" else None)
    return {
        "lead": lead_id, "owner": row.owner_id, "stage": past.stage, "status": past.status,
        "counts": quota.counts(uow.rules, origin="company", stage=past.stage or ""), "created": created,
        "began": since, "assigned": since if first or past.status != "open" else uow.now, "first": first,
        "last": past.last_contact or first, "entered": past.stage_at,
        "closed": past.closed_at, "reason": past.lost_reason,
    }  # fmt: skip


def _tell(uow: UnitOfWork, rows: Sequence[tuple[Row, int]], *, steps: bool = False) -> None:
    """Write the history. Args: steps: also that the lead came to its stage, or ended; for new leads."""
    entries = [entry for row, lead_id in rows for entry in _entries(uow, row, lead_id, steps=steps)]
    if entries:
        uow.session.execute(_HISTORY, {"org": uow.org_id, "rows": _dumped(entries)})


def _entries(uow: UnitOfWork, row: Row, lead_id: int, *, steps: bool) -> list[dict[str, Any]]:
    past = _past(row)
    who: dict[str, Any] = {"lead": lead_id, "actor": row.owner_id}
    done: list[dict[str, Any]] = [
        who | {"verb": "logged", "at": at, "words": words or None, "data": {"outcome": None, "stage": None}}
        for at, words in past.history
    ]
    if steps and past.status != "open":
        at = past.closed_at or uow.now
        done.append(who | {"verb": past.status, "at": at, "words": past.lost_reason, "data": {}})
    elif steps and past.stage:
        at = past.stage_at or past.last_contact or uow.now
        done.append(who | {"verb": "stage", "at": at, "words": None, "data": {"to": past.stage}})
    return done


def _shield(uow: UnitOfWork, leads: Sequence[int]) -> None:
    """No clock ends before it would if the lead had been given to its owner, or spoken to, only now.

    A lead to whose customer nobody has spoken is as if it had been given only now, and needs no shield.
    """
    if not leads:
        return
    facts = [lead for lead in lead_facts.read(uow, leads) if lead.contacted_at]
    fresh = [
        replace(
            lead, assigned_at=uow.now, stage_entered_at=uow.now, contacted_at=lead.contacted_at and uow.now,
            followed_up_at=lead.followed_up_at and uow.now,
        )
        for lead in facts
    ]  # fmt: skip
    ends = [new.recycle_at for new in clocks.compute(uow, fresh)]
    args = {"org": uow.org_id, "leads": [lead.id for lead in facts], "until": ends}
    uow.session.execute(_SHIELD, args)
    clocks.restart(uow, leads)


def _past(row: Row) -> Past:
    return row.past or NO_HISTORY


def _dumped(rows: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(rows, default=lambda value: value.isoformat(), ensure_ascii=False)
