"""What it takes to part two persons again: each statement takes back only what still stands as the merge left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from crm.services import merging_writes
from crm.uow import UnitOfWork

_KEYS = text(
    "update person_key set person_id = :to where org_id = :org and id = any(:ids) and person_id = :from returning id"
)
_LEADS = text(
    "update lead set person_id = :to where org_id = :org and id = any(:ids) and person_id = :from returning id"
)
_ALONE = text("update person set merged_into = null where org_id = :org and id = :id")
_EMPTY = text(
    """
    update person set name = case when 'name' = any(:names) and name = :name then '' else name end,
        company = case when 'company' = any(:names) and company = :company then '' else company end,
        title = case when 'title' = any(:names) and title = :title then '' else title end,
        contact_state = case when 'contact_state' = any(:names) and contact_state = :contact_state then null
                             else contact_state end
    where org_id = :org and id = :id
    """
)
# Free first, whoever had it: its owner takes it within capacity, as anybody takes a lead.
_OPEN = text(
    """
    update lead l set status = 'open', closed_at = null, merged_into = null, owner_id = null, assigned_at = null,
           pool_id = coalesce(l.pool_id, :pool), pool_entered_at = coalesce(cast(:entered as timestamptz), :now),
           version = l.version + 1
    where l.org_id = :org and l.id = :lead and l.status = 'void' and not exists (
        select from lead o where o.org_id = l.org_id and o.person_id = l.person_id and o.line_id = l.line_id
          and o.status = 'open')
    returning l.id
    """
)
_INSTEAD = text(
    """
    update lead l set merged_into = (select o.id from lead o where o.org_id = l.org_id and o.person_id = l.person_id
                                       and o.line_id = l.line_id and o.status = 'open')
    where l.org_id = :org and l.id = :lead
    """
)
_OWNED_AS_BEFORE = text(
    """
    update lead set assigned_at = cast(:assigned_at as timestamptz), extensions = :extensions,
           followed_up_at = cast(:followed_up_at as timestamptz),
           extended_until = cast(:extended_until as timestamptz),
           pool_entered_at = cast(:pool_entered_at as timestamptz),
           protected_until = cast(:protected_until as timestamptz), pool_id = cast(:pool_id as bigint)
    where org_id = :org and id = :lead
    """
)
_WAITS = text(
    """
    update lead set held_by = :held_by, held_since = cast(:held_since as timestamptz),
           held_until = cast(:held_until as timestamptz), held_for = :held_for
    where org_id = :org and id = :lead
    """
)
_TASKS = text(
    """
    update task t set lead_id = :lead, member_id = b.member, version = t.version + 1
    from unnest(cast(:ids as bigint[]), cast(:members as bigint[])) as b(id, member)
    where t.org_id = :org and t.id = b.id and t.lead_id = :heir and t.state = 'open'
    """
)
_CARDS = text(
    "update posted_card set lead_id = :lead where org_id = :org and id = any(:ids) and lead_id = :heir and live"
)
_FOLLOWERS = text("update lead set merged_into = :lead where org_id = :org and id = any(:ids) and merged_into = :heir")
_TOUCHES = text(
    """
    update lead set touches = greatest(touches - :touches, 1), version = version + 1
    where org_id = :org and id = :lead
    """
)
_UNDONE = text(
    "update merge set undone_at = :now, undone_by = :by where org_id = :org and id = :merge and undone_at is null"
    " returning id"
)
_UNDONE_LINE = text(
    """
    update activity set undone_at = :now where org_id = :org and lead_id = any(:leads) and verb = 'merged'
      and undone_at is null and (undo->>'merge')::bigint = :merge
    """
)


_DIFFERENT = text(
    """
    insert into duplicate (org_id, left_id, right_id, score, reasons, state, at, decided_at, decided_by)
    values (:org, least(:one, :other), greatest(:one, :other), 0, '[]', 'different', :now, :now, :by)
    on conflict (org_id, left_id, right_id) do update set state = 'different', decided_at = :now, decided_by = :by
    """
)


def are_different(uow: UnitOfWork, one: int, other: int, *, by: int) -> None:
    """Whom somebody has parted no rule makes one again."""
    args = {"org": uow.org_id, "one": one, "other": other, "now": uow.now, "by": by}
    uow.session.execute(_DIFFERENT, args)


def mark(uow: UnitOfWork, merge_id: int, *, by: int | None, lead_ids: Sequence[int]) -> bool:
    """The merge is undone, by this transaction alone; False when another one was faster."""
    args = {"org": uow.org_id, "now": uow.now, "merge": merge_id, "by": by, "leads": list(lead_ids)}
    uow.session.execute(_UNDONE_LINE, args)
    return uow.session.scalar(_UNDONE, args) is not None


def part_persons(uow: UnitOfWork, *, root: int, loser: int, snapshot: Mapping[str, Any]) -> None:
    """The person that had gone has the keys and leads back that came from there, and the other what it knew itself."""
    args = {"org": uow.org_id, "from": root, "to": loser}
    uow.session.execute(_ALONE, {"org": uow.org_id, "id": loser})
    uow.session.execute(_KEYS, args | {"ids": snapshot["keys"]})
    uow.session.execute(_LEADS, args | {"ids": snapshot["leads"]})
    if snapshot["filled"]:
        known = dict(merging_writes.persons(uow, [loser])[loser])
        uow.session.execute(_EMPTY, known | {"org": uow.org_id, "id": root, "names": snapshot["filled"]})


def open_again(uow: UnitOfWork, closed: Mapping[str, Any], *, pool_id: int) -> bool:
    """A lead that gave way is open and free; False when its person has another open lead, which then stands for it."""
    entered = None if closed["before"]["owner_id"] else closed["before"]["pool_entered_at"]
    args = {"org": uow.org_id, "now": uow.now, "lead": closed["lead"], "pool": pool_id, "entered": entered}
    if uow.session.scalar(_OPEN, args) is not None:
        return True
    uow.session.execute(_INSTEAD, args)
    return False


def owned_as_before(uow: UnitOfWork, closed: Mapping[str, Any]) -> None:
    """Its clocks run on from where they stood."""
    uow.session.execute(_OWNED_AS_BEFORE, {"org": uow.org_id, "lead": closed["lead"], **closed["before"]})


def waits(uow: UnitOfWork, lead_id: int, wait: Mapping[str, Any]) -> None:
    """Why the lead waits, as before."""
    uow.session.execute(_WAITS, {"org": uow.org_id, "lead": lead_id, **wait})


def things_back(uow: UnitOfWork, closed: Mapping[str, Any], *, owned: bool) -> None:
    """Open tasks, live cards and the leads for which it stood; what its owner had to do only if there is an owner."""
    owner = closed["before"]["owner_id"]
    tasks = [(task, member) for task, member in closed["tasks"] if owned or member != owner]
    args = {"org": uow.org_id, "lead": closed["lead"], "heir": closed["into"]}
    members = {"ids": [task for task, _ in tasks], "members": [member for _, member in tasks]}
    uow.session.execute(_TASKS, args | members)
    uow.session.execute(_CARDS, args | {"ids": closed["cards"]})
    uow.session.execute(_FOLLOWERS, args | {"ids": closed["followers"]})


def touches_back(uow: UnitOfWork, heirs: Mapping[str, int]) -> None:
    """The leads that stayed no longer count how often the others came in."""
    for lead_id, touches in heirs.items():
        uow.session.execute(_TOUCHES, {"org": uow.org_id, "lead": int(lead_id), "touches": touches})
