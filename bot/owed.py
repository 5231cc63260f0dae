"""The rows of owed messages: claimed by one try, joined with those that wait together, closed, or put off.

The attempt number fences doubles: only the try that raised it last may close the row.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from crm import queue
from crm.uow import UnitOfWork

FIRST_WAIT, LONGEST_WAIT = 2.0, 3600.0  # seconds
SINGLY = 3  # of what comes singly or as a list, so many come singly

_CLAIM = text(
    """
    with old as (
        select id, attempt from message
        where org_id = :org and id = :id and state = 'owed' and attempt <= :attempt + 1 for no key update
    )
    update message m set attempt = :attempt + 1 from old where m.org_id = :org and m.id = old.id
    returning m.id, m.topic, m.key, m.member_id, m.conversation_id, m.workspace_id, m.address, m.lead_id, m.card,
              m.group_key, m.created_at, m.due_at, m.attempt,
              old.attempt > :attempt or coalesce(m.cause like '%?', false) as again
    """
)
# Of those that wait together one goes first; the others find themselves joined to it.
_TURN = text(
    "select pg_advisory_xact_lock(hashtextextended(group_key, org_id)) from message"
    " where org_id = :org and id = :id and group_key is not null"
)
_TOGETHER = text(
    """
    with waiting as (
        select id from message
        where org_id = :org and group_key = :group and state = 'owed' and id <> :id and attempt = 0
          and coalesce(cause, '') not like '%?'
          and conversation_id is not distinct from :conversation and member_id is not distinct from :member
          and (lead_id is null or lead_id <> all(cast(:silent as bigint[])))
    )
    update message m set state = 'merged', sent_at = :now from waiting
    where m.org_id = :org and m.id = waiting.id and (select count(*) from waiting) >= :least
    returning m.id, m.card
    """
)
_JOINED = text("update message set card = cast(:card as jsonb) where org_id = :org and id = :id")
_HOLD = text(
    "update message set state = 'held', attempt = 0, due_at = :until, cause = coalesce(:doubt, cause)"
    " where org_id = :org and id = :id and state = 'owed' and attempt = :attempt"
)
_ONE_HELD = text("select topic, lead_id, card from message where org_id = :org and id = :id")
_BURY = text(
    "update message set state = 'dead', cause = :cause, sent_at = :now"
    " where org_id = :org and id = any(:ids) and id <> :but and state = 'merged'"
)
# The row that carries a list goes on with it; what could not be drawn of its own stands beside it.
_BURY_OWN = text(
    """
    insert into message (org_id, topic, key, member_id, conversation_id, workspace_id, lead_id, card, state, attempt,
                         created_at, due_at, sent_at, cause)
    select org_id, topic, key || '#dead', member_id, conversation_id, workspace_id, lead_id, cast(:card as jsonb),
           'dead', attempt, created_at, due_at, :now, :cause
    from message where org_id = :org and id = :id on conflict (org_id, key) do nothing
    """
)
_CLOSE = text(
    "update message set state = :state, cause = :cause, sent_at = :now, card = card - 'shown_once'"
    " where org_id = :org and id = :id and state = 'owed' and attempt = :attempt"
)
_KILL = text(
    "update message set state = 'dead', cause = :cause, sent_at = :now, card = card - 'shown_once'"
    " where org_id = :org and id = :id and state = 'owed' and attempt <= :attempt + 1"
)
_PUT_OFF = text(
    "update message set attempt = :attempt, cause = coalesce(:cause, cause)"
    " where org_id = :org and id = :id and state = 'owed'"
)


@dataclass(frozen=True, slots=True)
class Owed:
    """A message that one try has claimed. `again`: an earlier try may have sent it, nobody knows."""

    id: int
    topic: str
    key: str
    member_id: int | None
    conversation_id: int | None
    workspace_id: int | None
    address: dict[str, Any] | None
    lead_id: int | None
    card: dict[str, Any]
    group_key: str | None
    created_at: datetime
    due_at: datetime
    attempt: int
    again: bool


def claim(uow: UnitOfWork, message_id: int, attempt: int) -> Owed | None:
    """Take the row for one try; None when it is closed, or a later try has it already.

    A row whose attempt was raised before by this same try belonged to a process that was killed.
    """
    args = {"org": uow.org_id, "id": message_id}
    uow.session.execute(_TURN, args)
    row = uow.session.execute(_CLAIM, args | {"attempt": attempt}).mappings().one_or_none()
    return Owed(**row) if row else None


def joined(uow: UnitOfWork, owed: Owed) -> dict[str, Any]:
    """The message's data, with the leads of those of its kind that wait together with it, untried."""
    if not owed.group_key:
        return owed.card
    others = _others(uow, owed, least=0)
    leads = [lead for card in (owed.card, *others) for lead in card.get("leads", ())]
    return _keep(uow, owed, owed.card | {"leads": list(dict.fromkeys(leads))})


def listed(uow: UnitOfWork, owed: Owed, silent: Sequence[int] = ()) -> dict[str, Any] | None:
    """The data of this message and of those that wait together with it, as `each`, each with the number of its
    `message`; None while they are few enough to come singly. Args: silent: leads that stay away from the list."""
    before = owed.card.get("each")
    others = _others(uow, owed, least=0 if before else SINGLY, silent=silent)
    each = [*(before or [owed.card | {"message": owed.id}]), *others]
    return None if len(each) == 1 else keep_each(uow, owed, each)


def keep_each(uow: UnitOfWork, owed: Owed, each: list[dict[str, Any]]) -> dict[str, Any]:
    """Keep these as the list that the message stands for."""
    leads = [one["lead"] for one in each if one.get("lead")]
    return _keep(uow, owed, {"topic": owed.topic, "each": each, "leads": list(dict.fromkeys(leads))})


def bury(uow: UnitOfWork, owed: Owed, bad: list[dict[str, Any]], cause: str) -> None:
    """What of a list cannot be drawn is dead, each by itself; the list goes on without."""
    args = {"org": uow.org_id, "id": owed.id, "but": owed.id, "now": uow.now, "cause": cause}
    uow.session.execute(_BURY, args | {"ids": [one["message"] for one in bad]})
    for own in (one for one in bad if one["message"] == owed.id):
        uow.session.execute(_BURY_OWN, args | {"card": json.dumps(own)})


def hold(uow: UnitOfWork, owed: Owed, until: datetime) -> None:
    """Not now: it waits until then, when a duty looks at all that waits for the same person."""
    args = {"org": uow.org_id, "id": owed.id, "attempt": owed.attempt, "until": until, "doubt": _doubt(owed, None)}
    uow.session.execute(_HOLD, args)


def unwrapped(uow: UnitOfWork, owed: Owed) -> Owed:
    """A summary of one thing only is that thing."""
    ids = owed.card.get("messages", ())
    row = uow.session.execute(_ONE_HELD, {"org": uow.org_id, "id": ids[0]}).one_or_none() if len(ids) == 1 else None
    return owed if row is None else replace(owed, topic=row.topic, lead_id=row.lead_id, card=row.card)


def _others(uow: UnitOfWork, owed: Owed, *, least: int, silent: Sequence[int] = ()) -> list[dict[str, Any]]:
    """What waits together with the message, oldest first, if there are at least so many; they are closed."""
    who = {"org": uow.org_id, "id": owed.id, "conversation": owed.conversation_id, "member": owed.member_id}
    rows = uow.session.execute(
        _TOGETHER, who | {"group": owed.group_key, "now": uow.now, "least": least, "silent": list(silent)}
    )
    return [row.card | {"message": row.id} for row in sorted(rows, key=lambda row: row.id)]


def _keep(uow: UnitOfWork, owed: Owed, data: dict[str, Any]) -> dict[str, Any]:
    """Keep the data on the row, so that a second try says the same although the others are merged by now."""
    uow.session.execute(_JOINED, {"org": uow.org_id, "id": owed.id, "card": json.dumps(data)})
    return data


def close(uow: UnitOfWork, owed: Owed, state: str, cause: str | None = None) -> None:
    """The message is `sent`, `dropped` or `dead`; what was to be shown once is kept no longer."""
    args = {"org": uow.org_id, "id": owed.id, "attempt": owed.attempt, "now": uow.now}
    uow.session.execute(_CLOSE, args | {"state": state, "cause": cause})


def kill(uow: UnitOfWork, message_id: int, attempt: int, cause: str) -> None:
    """The message of a try that came to nothing is dead."""
    args = {"org": uow.org_id, "id": message_id, "attempt": attempt, "cause": cause, "now": uow.now}
    uow.session.execute(_KILL, args)


def put_off(uow: UnitOfWork, owed: Owed, wait: float, *, cause: str | None) -> None:
    """Try again after so many seconds. With a cause the try counts; without, it only waited for its turn."""
    attempt = owed.attempt if cause else owed.attempt - 1
    args = {"org": uow.org_id, "id": owed.id, "attempt": attempt, "cause": _doubt(owed, cause)}
    uow.session.execute(_PUT_OFF, args)
    order = {"org_id": uow.org_id, "message_id": owed.id, "attempt": attempt}
    uow.defer(queue.Order(queue.DELIVER, order, at=uow.time() + timedelta(seconds=wait)))


def _doubt(owed: Owed, cause: str | None) -> str | None:
    """The cause to keep. Once nobody knows whether a message was shown, no later failure or wait makes that known."""
    return f"{(cause or 'stopped').removesuffix('?')}?" if owed.again else cause


def back_off(attempt: int) -> float:
    """Seconds before the next try: doubling from two seconds to an hour, with jitter so that crowds disperse."""
    doubled: float = FIRST_WAIT * 2 ** min(max(attempt - 1, 0), 20)
    return min(doubled, LONGEST_WAIT) * random.uniform(0.8, 1.2)  # noqa: S311  (no secret)
