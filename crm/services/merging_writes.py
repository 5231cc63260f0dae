"""What a merge writes, each statement once: a lead gives way to another, and a person's things become another's.

Nothing is deleted, and whatever is changed is named in what is returned, so that it can be parted again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from crm.rules.dedupe_survivor import Standing
from crm.services.timeline import plain
from crm.uow import UnitOfWork

# The ledger's row is the last to be locked, as everywhere. Its own offers, holds and places on desks end with the lead.
_GIVE_WAY = text(
    """
    with was as (
        select id, owner_id, counts, touches, jsonb_build_object(
                   'owner_id', owner_id, 'pool_id', pool_id, 'pool_entered_at', pool_entered_at,
                   'assigned_at', assigned_at, 'followed_up_at', followed_up_at, 'extended_until', extended_until,
                   'extensions', extensions, 'protected_until', protected_until, 'held_by', held_by,
                   'held_since', held_since, 'held_until', held_until, 'held_for', held_for) as before
        from lead where org_id = :org and id = :lead and status = 'open' for no key update
    ), gone as (
        update lead l set status = 'void', closed_at = :now, merged_into = :into, recycle_at = null,
               recycle_rule = null, warn_at = null, warn_step = 0, sla_at = null, score_at = null, held_by = null,
               held_since = null, held_until = null, held_for = null, version = l.version + 1
        from was where l.org_id = :org and l.id = was.id
    ), followers as (
        update lead f set merged_into = :into from was where f.org_id = :org and f.merged_into = was.id
        returning f.id
    ), ended as (
        update assignment a set ended_at = :now, ended_by = 'merged', reason = :reason from was
        where a.org_id = :org and a.lead_id = was.id and a.ended_at is null
    ), withdrawn as (
        update offer o set state = 'withdrawn', closed_at = :now, reason = :reason from was
        where o.org_id = :org and o.lead_id = was.id and o.state = 'open'
    ), planned as (
        select t.id, t.member_id from task t join was on was.id = t.lead_id where t.org_id = :org and t.state = 'open'
    ), tasks as (
        update task t set lead_id = :into, version = t.version + 1,
               member_id = case when t.member_id = was.owner_id then coalesce(cast(:heir as bigint), t.member_id)
                                else t.member_id end
        from planned, was where t.org_id = :org and t.id = planned.id
    ), starred as (
        insert into star (org_id, member_id, lead_id, at)
        select s.org_id, s.member_id, cast(:into as bigint), s.at from star s join was on was.id = s.lead_id
        where s.org_id = :org on conflict do nothing
    ), cards as (
        update posted_card c set lead_id = :into from was
        where c.org_id = :org and c.lead_id = was.id and c.live returning c.id
    ), counted as (
        update rep_load r set holding = greatest(r.holding - 1, 0) from was
        where r.org_id = :org and r.member_id = was.owner_id and was.counts
    )
    select was.before, was.touches, coalesce((select jsonb_agg(id) from followers), '[]') as followers,
           coalesce((select jsonb_agg(jsonb_build_array(id, member_id)) from planned), '[]') as tasks,
           coalesce((select jsonb_agg(id) from cards), '[]') as cards
    from was
    """
)
_HEIR = text(
    """
    with heir as (
        update lead set touches = touches + :touches, version = version + 1
        where org_id = :org and id = :lead returning id, version
    )
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data, decision_id, undo)
    select :org, id, :actor, 'merged', :now, :words, cast(:data as jsonb), :decision,
           jsonb_build_object('version', version, 'merge', cast(:merge as bigint)) from heir
    returning id
    """
)
_KEYS = text("update person_key set person_id = :into where org_id = :org and person_id = :loser returning id")
_LEADS = text("update lead set person_id = :into where org_id = :org and person_id = :loser returning id")
_PERSONS = text(
    "select id, name, company, title, contact_state, merged_into from person where org_id = :org and id = any(:ids)"
)
_FILL = text(
    """
    update person set name = :name, company = :company, title = :title, contact_state = :contact_state
    where org_id = :org and id = :into
    """
)
_AWAY = text("update person set merged_into = :into where org_id = :org and id = :loser")
_MERGE = text(
    """
    insert into merge (org_id, survivor_id, loser_id, lead_id, at, by_id, how, reason, snapshot)
    values (:org, :into, :loser, :lead, :now, :by, :how, :reason, '{}') returning id
    """
)
_SNAPSHOT = text("update merge set snapshot = cast(:snapshot as jsonb) where org_id = :org and id = :merge")


def give_way(uow: UnitOfWork, loser: Standing, survivor: Standing) -> dict[str, Any]:
    """Close a lead for the one that stands for it from now on; returns what it takes to open it again."""
    args = {"lead": loser.id, "into": survivor.id, "reason": survivor.ref, "heir": survivor.owner_id}
    row = uow.session.execute(_GIVE_WAY, args | {"org": uow.org_id, "now": uow.now}).mappings().one()
    return {"lead": loser.id, "into": survivor.id, **row}


def inherit(uow: UnitOfWork, lead_id: int, *, touches: int, merge_id: int, **told: Any) -> int:
    """Note a merge at the lead that stays, which is how it is undone; returns the activity's id.

    Args:
        told: actor, words, data and decision, as the timeline tells it.
    """
    args = {"lead": lead_id, "touches": touches, "merge": merge_id} | told
    args["data"] = json.dumps(told["data"], default=plain)
    return int(uow.session.execute(_HEIR, args | {"org": uow.org_id, "now": uow.now}).scalar_one())


def join_persons(uow: UnitOfWork, *, into: int, loser: int) -> dict[str, Any]:
    """Keys, leads and what was known of one person become the other's; returns what was moved and filled in."""
    args = {"org": uow.org_id, "into": into, "loser": loser}
    filled = _fill(uow, into, loser)
    moved = {
        "keys": uow.session.scalars(_KEYS, args).all(), "leads": uow.session.scalars(_LEADS, args).all(),
    }  # fmt: skip
    uow.session.execute(_AWAY, args)
    return {name: sorted(ids) for name, ids in moved.items()} | {"filled": filled}


def _fill(uow: UnitOfWork, into: int, loser: int) -> list[str]:
    """Complete the person that stays. That somebody must not be contacted is never lost; a wrong number may be."""
    both = persons(uow, [into, loser])
    kept, lost = both[into], both[loser]
    filled = [name for name in ("name", "company", "title") if lost[name] and not kept[name]]
    if lost["contact_state"] == "do_not_contact" and kept["contact_state"] != "do_not_contact":
        filled.append("contact_state")
    if filled:
        args = dict(kept) | {name: lost[name] for name in filled}
        uow.session.execute(_FILL, args | {"org": uow.org_id, "into": into})
    return filled


def persons(uow: UnitOfWork, ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """What is known of these persons, by id."""
    rows = uow.session.execute(_PERSONS, {"org": uow.org_id, "ids": list(ids)}).mappings()
    return {row["id"]: dict(row) for row in rows}


def begin(uow: UnitOfWork, *, into: int, loser: int, lead_id: int | None, **how: Any) -> int:
    """The row of a merge; returns its id. Args: how: by, how and reason."""
    args = {"org": uow.org_id, "now": uow.now, "into": into, "loser": loser, "lead": lead_id, **how}
    return int(uow.session.execute(_MERGE, args).scalar_one())


def keep(uow: UnitOfWork, merge_id: int, snapshot: Mapping[str, Any]) -> None:
    """Store what it takes to part them again."""
    args = {"org": uow.org_id, "merge": merge_id, "snapshot": json.dumps(snapshot, default=plain)}
    uow.session.execute(_SNAPSHOT, args)
