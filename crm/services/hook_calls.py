"""Calls that are owed: planned from what happened, taken by one try at a time, closed, or put off.

A call of a lead waits for the earlier ones of that lead to the same hook, so a receiver sees each lead's story in order
however many jobs are at work.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm import queue
from crm.models import Hook
from crm.services import reading
from crm.services.happenings import Happened
from crm.uow import UnitOfWork

GIVE_UP_AFTER = timedelta(hours=72)
LEASE = timedelta(seconds=60)  # longer than any call may take
AT_ONCE = 3  # calls to one hook
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=6)
CALLING = "calling"

_OWE = text(
    """
    insert into hook_call (org_id, hook_id, event, topic, lead_id, payload, state, attempt, created_at, due_at)
    select :org, :hook, c.event, c.topic, c.lead, c.payload, 'owed', 0, :now, :now
    from jsonb_to_recordset(cast(:calls as jsonb)) as c(event text, topic text, lead bigint, payload jsonb)
    on conflict (org_id, hook_id, event) do nothing
    """
)
_TAKE = text(
    """
    with next as (
        select c.id from hook_call c
        where c.org_id = :org and c.hook_id = :hook and c.state = 'owed' and c.due_at <= :now
          and (c.lead_id is null or not exists (
              select from hook_call e where e.org_id = c.org_id and e.hook_id = c.hook_id and e.state = 'owed'
                and e.lead_id = c.lead_id and e.id < c.id))
          and (select count(*) from hook_call x where x.org_id = :org and x.hook_id = :hook and x.state = 'owed'
                 and x.cause = 'calling' and x.due_at > :now) < :at_once
        order by c.id limit 1 for no key update skip locked
    )
    update hook_call c set attempt = c.attempt + 1, due_at = :until, cause = 'calling' from next
    where c.org_id = :org and c.id = next.id
    returning c.id, c.event, c.topic, c.lead_id, c.payload, c.attempt, c.created_at
    """
)
_CLOSE = text(
    "update hook_call set state = :state, cause = :cause, closed_at = :now"
    " where org_id = :org and id = :id and state = 'owed' and attempt = :attempt"
)
_PUT_OFF = text(
    "update hook_call set due_at = :until, cause = :cause"
    " where org_id = :org and id = :id and state = 'owed' and attempt = :attempt"
)
_DROP = text(
    "update hook_call set state = 'dropped', closed_at = :now, cause = 'off'"
    " where org_id = :org and hook_id = :hook and state = 'owed'"
)
_FORGET = text("delete from hook_call where org_id = :org and hook_id = :hook")
_AGAIN = text(
    """
    update hook_call set state = 'owed', attempt = 0, cause = null, closed_at = null, created_at = :now, due_at = :now
    where org_id = :org and hook_id = :hook and state <> 'owed'
      and case when cast(:since as timestamptz) is null then event = :event or state = 'dead' and :event = ''
               else created_at >= :since end
    """
)
_DUE = text("select distinct hook_id from hook_call where org_id = :org and state = 'owed' and due_at <= :now")
_COUNT = text(
    "select hook_id, count(*) filter (where state = 'owed') as owed, count(*) filter (where state = 'dead') as dead"
    " from hook_call where org_id = :org and state in ('owed', 'dead') group by hook_id"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that one try has taken."""

    id: int
    event: str
    topic: str
    lead_id: int | None
    payload: dict[str, Any]
    attempt: int
    created_at: datetime


def owe(uow: UnitOfWork, hook: Hook, happened: list[Happened]) -> None:
    """Calls about these, once each."""
    calls = [
        {"event": each.id, "topic": each.topic, "lead": each.lead_id, "payload": payload(each)} for each in happened
    ]
    uow.session.execute(
        _OWE, {"org": uow.org_id, "hook": hook.id, "now": uow.now, "calls": json.dumps(calls)}
    )  # fmt: skip


def test(uow: UnitOfWork, hook: Hook) -> None:
    """Owe a call that means nothing, to see whether it arrives."""
    told = {"type": "test", "timestamp": uow.now.isoformat(), "data": {}}
    call = {"event": f"evt_t{int(uow.now.timestamp() * 1000)}", "topic": "test", "lead": None, "payload": told}
    uow.session.execute(
        _OWE, {"org": uow.org_id, "hook": hook.id, "now": uow.now, "calls": json.dumps([call])}
    )  # fmt: skip
    start(uow, hook.id)


def payload(each: Happened) -> dict[str, Any]:
    """What is told: ids and figures; whoever wants to know more reads it."""
    data = {
        "lead": each.ref, "person_id": each.person_id, "member_id": each.member_id, "by_id": each.by_id,
        "facts": reading.figures(each.data),
    }  # fmt: skip
    return {"type": each.topic, "timestamp": each.at.isoformat(), "data": data}


def start(uow: UnitOfWork, hook_id: int, at: datetime | None = None) -> None:
    """Run the job that makes the calls."""
    wait = at - uow.now if at else timedelta(0)
    later = uow.time() + wait if wait > timedelta(0) else None
    uow.defer(queue.Order(queue.CALL, {"org_id": uow.org_id, "hook_id": hook_id}, at=later))


def take(uow: UnitOfWork, hook_id: int) -> Call | None:
    """The next call that may be made now, for one try; None when there is none, or enough are being made."""
    args = {"org": uow.org_id, "hook": hook_id, "now": uow.now, "until": uow.now + LEASE, "at_once": AT_ONCE}
    row = uow.session.execute(_TAKE, args).mappings().one_or_none()
    return Call(**row) if row else None


def close(uow: UnitOfWork, call: Call, state: str, cause: str | None = None) -> None:
    """It is `sent`, `dropped` or `dead`."""
    args = {"org": uow.org_id, "id": call.id, "attempt": call.attempt, "now": uow.now}
    uow.session.execute(_CLOSE, args | {"state": state, "cause": cause})


def put_off(uow: UnitOfWork, call: Call, until: datetime, cause: str) -> None:
    """Not before then."""
    args = {"org": uow.org_id, "id": call.id, "attempt": call.attempt, "until": until, "cause": cause}
    uow.session.execute(_PUT_OFF, args)


def drop(uow: UnitOfWork, hook_id: int) -> None:
    """What is owed is owed no more."""
    uow.session.execute(_DROP, {"org": uow.org_id, "hook": hook_id, "now": uow.now})


def forget(uow: UnitOfWork, hook_id: int) -> None:
    uow.session.execute(_FORGET, {"org": uow.org_id, "hook": hook_id})


def replay(uow: UnitOfWork, hook: Hook, *, since: datetime | None = None, event: str = "") -> int:
    """Owe once more what was planned since then, or one event, or without either all that is dead; returns how many.

    A receiver knows a repeat by the event's id.
    """
    args = {"org": uow.org_id, "hook": hook.id, "since": since, "event": event, "now": uow.now}
    found = int(uow.session.execute(_AGAIN, args).rowcount)  # type: ignore[attr-defined]
    if found:
        start(uow, hook.id)
    return found


def waiting(uow: UnitOfWork) -> dict[int, tuple[int, int]]:
    """By hook, how many calls are owed and how many are dead."""
    return {row.hook_id: (row.owed, row.dead) for row in uow.session.execute(_COUNT, {"org": uow.org_id})}


def start_due(uow: UnitOfWork) -> int:
    """Run the jobs of calls whose time has come, whatever became of the ones that should have made them."""
    due = list(uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now}))
    for hook_id in due:
        start(uow, hook_id)
    return len(due)


def back_off(attempt: int) -> timedelta:
    """How long until the next try: doubling from five seconds to six hours, with jitter so that crowds disperse."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(max(attempt - 1, 0), 16)
    return min(doubled, LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)
