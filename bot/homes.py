"""Home pages that stand in a chat: drawn anew, soon and once, after what they show may have changed.

A page is a posted card like any other; it belongs to a member instead of a lead. One that nobody has opened for a day
is left alone: opening it draws it anyway.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bot.context import Context, Reply
from crm import queue
from crm.uow import UnitOfWork

NAME, PLACE = "home", "home:"
SOON = timedelta(seconds=1)
LOOKED_AT = timedelta(days=1)
_KEEP = text(
    """
    with known as (
        update posted_card set shown = wanted, live = true, posted_at = :now, card = cast(:card as jsonb)
        where org_id = :org and workspace_id = :workspace and place = :place returning id
    )
    insert into posted_card (org_id, workspace_id, member_id, card, handle, place, wanted, shown, live, posted_at)
    select :org, :workspace, :member, cast(:card as jsonb), cast(:handle as jsonb), :place, 0, 0, true, :now
    where not exists (select from known)
    """
)
_STALE = text(
    """
    update posted_card c set wanted = c.wanted + 1
    from chat_identity who
    where who.org_id = :org and who.member_id = :member and c.org_id = :org and c.workspace_id = who.workspace_id
      and c.place = :prefix || who.external_id and c.live and c.posted_at > :since
    returning c.id, c.wanted - c.shown as behind
    """
)


def opened(context: Context, reply: Reply) -> None:
    """A member looks at the home page now."""
    if context.member is None or reply.name != NAME:
        return
    user = context.interaction.user
    args: dict[str, Any] = {
        "org": context.uow.org_id, "workspace": context.workspace.id, "place": PLACE + user,
        "member": context.member.id, "now": context.uow.now,
        "card": json.dumps({"card": reply.name, "args": dict(reply.args)}), "handle": json.dumps({NAME: user}),
    }  # fmt: skip
    context.uow.session.execute(_KEEP, args)


def stale(uow: UnitOfWork, member_id: int) -> None:
    """What a member's home page shows may have changed: it is drawn anew, once for all that happens within a second."""
    args = {"org": uow.org_id, "member": member_id, "prefix": PLACE, "since": uow.now - LOOKED_AT}
    for row in uow.execute(_STALE, args):
        if row.behind == 1:
            order = {"org_id": uow.org_id, "card_id": row.id}
            uow.defer(queue.Order(queue.EDIT, order, at=uow.time() + SOON))
