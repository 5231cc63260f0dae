"""Cards that cannot be edited any more: which of them somebody relies on, and what is done once they would mislead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import text

from crm.uow import UnitOfWork

# keep: it is true enough, go on looking; again: a fresh card comes; away: it is taken away; leave: a tap brings it up
# to date.
Fate = Literal["keep", "again", "away", "leave"]

# The card that stands in for one about a customer who was erased.
ERASED = "erased"
_OFFER = text(
    """
    select case when o.state = 'open' then 'waits' when l.owner_id = :member then 'own' else 'over' end
    from offer o join lead l on l.org_id = o.org_id and l.id = o.lead_id where o.org_id = :org and o.id = :offer
    """
)
_LEFT = text(
    "select 'left:' || count(*) from lead"
    " where org_id = :org and id = any(cast(:leads as bigint[])) and owner_id is null and status = 'open'"
)
# Who has answered knows it, and who asked is told of the answer by a card of its own.
_QUESTION = text(
    """
    select case when state = 'open' then 'waits'
                when state = 'done' and answered_at is null and colleague_id = :member then 'over' else 'told' end
    from question where org_id = :org and id = :question
    """
)
_STATES = {
    "lead.offered": _OFFER,
    "group.arrived": _LEFT,
    "pool.arrived": _LEFT,
    "pool.recycled": _LEFT,
    "desk.batch": _LEFT,
    "question.asked": _QUESTION,
    "question.due": _QUESTION,
}
# A card of several leads has a row for each: they stand and fall together.
_KEEP = text(
    "update posted_card set card = card || jsonb_build_object('shows', cast(:shows as text))"
    " where org_id = :org and workspace_id = :workspace and place = :place and place <> ''"
)
_END = text(
    "update posted_card set live = false, shown = wanted"
    " where org_id = :org and workspace_id = :workspace and place = :place and place <> '' and live"
)


def shows(uow: UnitOfWork, call: Mapping[str, Any], member_id: int | None) -> dict[str, str]:
    """What of a card's state its receiver relies on, to be kept with its call; empty for what nobody waits for."""
    state = _STATES.get((call.get("push") or {}).get("topic", ""))
    if state is None or member_id is None or "each" in call["args"]:
        return {}
    found = uow.session.scalar(state, {**call["args"], "org": uow.org_id, "member": member_id})
    return {"shows": found} if found else {}


def keep(uow: UnitOfWork, row: Mapping[str, Any], shown: Mapping[str, str]) -> None:
    """The card has been edited and shows this now."""
    if shown and row["card"].get("shows") != shown["shows"]:
        where = {"org": uow.org_id, "workspace": row["workspace_id"], "place": row["place"]}
        uow.session.execute(_KEEP, {**where, **shown})


def settle(uow: UnitOfWork, row: Mapping[str, Any]) -> Fate:
    """What becomes of a person's card that cannot be edited; a fresh one is owed as every message is, once.

    Args: row: of `posted_card`.
    """
    if row["card"]["card"] == ERASED:
        return "away"
    now = shows(uow, row["card"], row["member_id"]).get("shows", "")
    fate = _fate(row["card"].get("shows", ""), now, again=bool(row["card"]["args"].get("afresh")))
    if fate in ("again", "away"):
        where = {"org": uow.org_id, "workspace": row["workspace_id"], "place": row["place"]}
        uow.session.execute(_END, where)
    if fate == "again":
        _owe(uow, row)
    return fate


def _fate(was: str, now: str, *, again: bool) -> Fate:
    """Args: again: it is a fresh card already. What many may take comes anew only once, for it changes often."""
    if not was or not now:
        return "leave"
    if now == "left:0":
        return "away" if was != now else "leave"
    if now.startswith("left:"):
        return "keep" if was == now or again else "again"
    if now == "waits":
        return "keep"
    return "again" if now == "over" and was != now else "leave"


def _owe(uow: UnitOfWork, row: Mapping[str, Any]) -> None:
    push, args = row["card"]["push"], row["card"]["args"]
    topic, about = push["topic"], f"{row['workspace_id']}:{row['place'] or row['id']}"
    if "question" in args:  # that one is needed no more may wait for the morning, and is told once for all its cards
        topic, about = "question.due", f"question:{args['question']}:{row['member_id']}"
    uow.notify(topic, to=row["member_id"], lead=push["lead"], key=f"afresh:{about}", data={**args, "afresh": True})
