"""Contacts that follow their leads: who is handed a lead gets the customer as a contact, where the chat can do that.

The chat is asked when a transfer can no longer be undone; the customer may refuse for a day, so the answer is asked for
until it is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import text

from crm import queue
from crm.services import timeline
from crm.uow import UnitOfWork

DONE, WAITING, REFUSED = "done", "waiting", "refused"
ASK_AGAIN = timedelta(hours=6)
FIRST_ANSWER = timedelta(hours=1)
TRIES = 20
MOST = 100
"""Contacts of one call."""

_WANT = text(
    """
    insert into contact_move (org_id, workspace_id, external_id, lead_id, from_id, to_id, state, tries, due_at,
                              created_at)
    select distinct on (f.workspace_id, f.external_id) f.org_id, f.workspace_id, f.external_id, l.id, :giver, :taker,
           'wanted', 0, cast(:due as timestamptz), cast(:now as timestamptz)
    from lead l
    join person_key k on k.org_id = l.org_id and k.person_id = l.person_id and k.kind = 'external'
    join contact_follow f on f.org_id = l.org_id and k.value = 'wecom:' || f.external_id and f.member_id = :giver
         and f.ended_at is null
    where l.org_id = :org and l.id = any(:leads)
      and not exists (select from contact_follow t where t.org_id = f.org_id and t.workspace_id = f.workspace_id
                        and t.external_id = f.external_id and t.member_id = :taker and t.ended_at is null)
    order by f.workspace_id, f.external_id, l.id
    on conflict (org_id, workspace_id, external_id, from_id) where state in ('wanted','waiting')
    do update set to_id = excluded.to_id, lead_id = excluded.lead_id, due_at = excluded.due_at
        where contact_move.state = 'wanted'
    returning workspace_id
    """
)
# What was to come to the giver, and has not set out yet, goes on to the taker; or stays where it is.
_REDIRECT = text(
    """
    update contact_move set to_id = :taker, due_at = :due,
           state = case when from_id = :taker then 'dropped' else state end,
           closed_at = case when from_id = :taker then cast(:now as timestamptz) end
    where org_id = :org and lead_id = any(:leads) and to_id = :giver and state = 'wanted'
    returning workspace_id
    """
)
# Who has lost the lead again meanwhile, or never had a place in that chat, needs no contact.
_DROP = text(
    """
    update contact_move c set state = 'dropped', closed_at = :now, cause = 'moved on'
    where c.org_id = :org and c.workspace_id = :workspace and c.state = 'wanted' and c.due_at <= :now
      and (not exists (select from lead l where l.org_id = c.org_id and l.id = c.lead_id and l.owner_id = c.to_id)
           or not exists (select from chat_identity i where i.org_id = c.org_id and i.workspace_id = c.workspace_id
                            and i.member_id = c.to_id))
    """
)
_DUE = text(
    """
    select c.id, c.external_id, c.state, c.from_id, c.to_id, giver.external_id as giver, taker.external_id as taker,
           m.active
    from contact_move c
    join member m on m.org_id = c.org_id and m.id = c.from_id
    join lateral (select external_id from chat_identity i where i.org_id = c.org_id
                    and i.workspace_id = c.workspace_id and i.member_id = c.from_id order by i.id limit 1) giver on true
    join lateral (select external_id from chat_identity i where i.org_id = c.org_id
                    and i.workspace_id = c.workspace_id and i.member_id = c.to_id order by i.id limit 1) taker on true
    where c.org_id = :org and c.workspace_id = :workspace and c.state in ('wanted','waiting') and c.due_at <= :now
    order by c.from_id, c.to_id, c.state, c.id
    """
)
_MARK = text(
    """
    update contact_move c set state = n.state, cause = n.cause, tries = c.tries + 1,
           due_at = case when c.state = 'wanted' then cast(:first as timestamptz) else cast(:again as timestamptz) end,
           closed_at = case when n.state <> 'waiting' then cast(:now as timestamptz) end
    from jsonb_to_recordset(cast(:rows as jsonb)) as n(id bigint, state text, cause text)
    where c.org_id = :org and c.id = n.id and c.state in ('wanted','waiting')
    returning c.id, c.workspace_id, c.external_id, c.lead_id, c.from_id, c.to_id, c.state, c.cause, c.tries
    """
)
_OVER = text(
    "update contact_follow set ended_at = :now, ended_by = 'transfer' where org_id = :org"
    " and workspace_id = :workspace and external_id = :external and member_id = :giver and ended_at is null"
)
_FOLLOWS = text(
    """
    insert into contact_follow as f (org_id, workspace_id, external_id, member_id, remark, tags, began_at, read_at)
    select :org, :workspace, :external, :taker, '', '{}', :now, :now
    on conflict (org_id, workspace_id, external_id, member_id) do update set ended_at = null, ended_by = null
    """
)
_PUT_OFF = text("update contact_move set due_at = :due where org_id = :org and id = any(:ids)")
_OPEN = text(
    "select id from contact_move where org_id = :org and workspace_id = :workspace and external_id = :external"
    " and to_id = :member and state = 'waiting'"
)
_NEXT = text(
    "select min(due_at) from contact_move where org_id = :org and workspace_id = :workspace"
    " and state in ('wanted','waiting')"
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Contacts of one giver for one taker. `asked`: the chat knows of them, and its answer is due; `left`: the giver
    is with the company no longer. `moves` are the rows by the customer's id."""

    giver: str
    taker: str
    asked: bool
    left: bool
    moves: Mapping[str, int]


def follow_leads(uow: UnitOfWork, *, lead_ids: Sequence[int], giver_id: int, taker_id: int) -> None:
    """The giver's contacts shall follow these leads to the taker, once that can no longer be undone."""
    wait = timedelta(minutes=uow.rules.undo_minutes)
    args: dict[str, Any] = {"org": uow.org_id, "leads": list(lead_ids), "giver": giver_id, "taker": taker_id}
    args |= {"now": uow.now, "due": uow.now + wait}
    found = [*uow.session.scalars(_REDIRECT, args), *uow.session.scalars(_WANT, args)]
    for workspace_id in sorted(set(found)):
        plan(uow, workspace_id, at=uow.now + wait)


def plan(uow: UnitOfWork, workspace_id: int, *, at: datetime | None = None) -> None:
    """Have the job do what is due then; without a time, when the next of the open moves is."""
    due = at or uow.session.scalar(_NEXT, {"org": uow.org_id, "workspace": workspace_id})
    if due is not None:
        # The machine's clock, which a shifted one is ahead of.
        when = uow.time() + max(due - uow.now, timedelta(seconds=1))
        uow.defer(queue.Order(queue.MOVES, {"org_id": uow.org_id, "workspace_id": workspace_id}, at=when))


def due(uow: UnitOfWork, *, workspace_id: int) -> list[Batch]:
    """What is to be asked of the chat now."""
    args = {"org": uow.org_id, "workspace": workspace_id, "now": uow.now}
    uow.session.execute(_DROP, args)
    rows = uow.session.execute(_DUE, args).all()
    found = []
    for (giver, taker, state, active), each in groupby(rows, lambda row: (row.giver, row.taker, row.state, row.active)):
        moves = list(each)
        parts = (moves[start : start + MOST] for start in range(0, len(moves), MOST))
        found += [
            Batch(giver, taker, state == WAITING, not active, {row.external_id: row.id for row in part})
            for part in parts
        ]
    return found


def answered(uow: UnitOfWork, batch: Batch, answers: Mapping[str, tuple[str, str]]) -> None:
    """What the chat said of each customer: done, waiting or refused, with the cause; nothing means that it waits."""
    rows = [
        {"id": move, "state": state, "cause": cause}
        for external_id, move in batch.moves.items()
        for state, cause in [answers.get(external_id, (WAITING, ""))]
    ]
    times = {"now": uow.now, "first": uow.now + FIRST_ANSWER, "again": uow.now + ASK_AGAIN}
    for row in uow.session.execute(_MARK, {"org": uow.org_id, "rows": json.dumps(rows)} | times).all():
        if row.state == WAITING and row.tries >= TRIES:
            answered(uow, Batch("", "", True, False, {row.external_id: row.id}), {row.external_id: (REFUSED, "silent")})
        elif row.state != WAITING:
            _over(uow, row)


def put_off(uow: UnitOfWork, batch: Batch, wait: timedelta) -> None:
    """The chat cannot be asked now."""
    args = {"org": uow.org_id, "ids": list(batch.moves.values()), "due": uow.now + wait}
    uow.session.execute(_PUT_OFF, args)


def refused(uow: UnitOfWork, *, workspace_id: int, external_id: str, taker_id: int, cause: str) -> None:
    """The chat says by itself that a customer stays where they are."""
    args = {"org": uow.org_id, "workspace": workspace_id, "external": external_id, "member": taker_id}
    for move in uow.session.scalars(_OPEN, args).all():
        answered(uow, Batch("", "", True, False, {external_id: move}), {external_id: (REFUSED, cause)})


def _over(uow: UnitOfWork, row: Any) -> None:
    """A move has come to its end: on the timeline, and told to who was to get the contact."""
    if row.state == DONE:
        args = {"org": uow.org_id, "workspace": row.workspace_id, "external": row.external_id, "now": uow.now}
        uow.session.execute(_OVER, args | {"giver": row.from_id})
        uow.session.execute(_FOLLOWS, args | {"taker": row.to_id})
    verb = "contact_moved" if row.state == DONE else "contact_stays"
    timeline.note(uow, lead_id=row.lead_id, verb=verb, actor_id=row.to_id, data={"cause": row.cause})
    uow.touch(row.lead_id)
    uow.notify(
        "contact.moved", to=row.to_id, lead=row.lead_id, key=f"contact-move:{row.id}",
        data={"lead": row.lead_id, "from": row.from_id, "done": row.state == DONE, "cause": row.cause or ""},
    )  # fmt: skip
