"""What a run has told people is not true any more: what is still owed is withdrawn, what was sent is corrected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.uow import UnitOfWork

# Of one rewind each receiver gets one card, however many chunks it takes.
GATHER = timedelta(seconds=3)

# A message that was tried may have been seen. One that only some of its leads have left stays, and is corrected.
_TOLD = text(
    """
    select id, topic, member_id, conversation_id, card, state = 'owed' and attempt = 0 as unseen from message
    where org_id = :org and created_at >= :since and cause is distinct from 'rewound'
      and ((card->>'run')::bigint = :run or key = any(:keys))
      and topic in ('leads.recycled', 'pool.recycled', 'lead.dispatched', 'leads.dispatched', 'lead.assigned')
    order by id for no key update
    """
)
_WITHDRAW = text(
    "update message set state = 'dropped', cause = 'rewound', sent_at = :now"
    " where org_id = :org and id = any(:ids) and state = 'owed' and attempt = 0"
)
_LESS = text(
    "update message set card = jsonb_set(card, '{leads}', to_jsonb(cast(:leads as bigint[])))"
    " where org_id = :org and id = :id"
)


def withdraw(uow: UnitOfWork, kind: str, run_id: int, rows: Sequence[Row[Any]]) -> None:
    """These leads are back: nobody shall be told the contrary from now on, and who was told is told again."""
    gone = {row.id for row in rows}
    keys = [f"dispatched:{row.decision}" for row in rows]
    keys += [f"assigned:{row.id}:{row.at.isoformat()}" for row in rows]
    args = {"org": uow.org_id, "run": run_id, "keys": keys, "since": min(row.at for row in rows), "now": uow.now}
    unseen: list[int] = []
    for message in uow.session.execute(_TOLD, args).all():
        named = message.card.get("leads") or [message.card.get("lead")]
        back = [lead for lead in named if lead in gone]
        left = [lead for lead in named if lead not in gone]
        if message.unseen and back and not left:
            unseen.append(message.id)
        elif message.unseen and back:
            uow.session.execute(_LESS, args | {"id": message.id, "leads": left})
        elif back and (message.member_id or message.conversation_id):
            _correct(uow, kind, run_id, message, back)
    uow.session.execute(_WITHDRAW, args | {"ids": unseen})


def _correct(uow: UnitOfWork, kind: str, run_id: int, message: Row[Any], leads: list[int]) -> None:
    receiver = f"{message.member_id or 'group'}:{message.conversation_id or ''}"
    uow.notify(
        "run.corrected", to=message.member_id, group=message.conversation_id,
        key=f"corrected:{run_id}:{message.id}:{leads[0]}", together=f"corrected:{run_id}:{receiver}",
        data={"leads": leads, "run": run_id, "yours": kind == "recycle" and message.topic == "leads.recycled"},
        due_at=uow.now + GATHER,
    )  # fmt: skip
