"""What refers to a member, table by table, and what becomes of it when everything of that member goes to others.

Every column that names a member is listed here; a test compares the list with the tables. Leads and what ends with
them are `swapping.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import TextClause, text

from crm.uow import UnitOfWork

Fate = Literal["moved", "ended", "kept"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names a member.

    Attributes:
        fate: `moved` to the taker, `ended` when the member signs off, or `kept`: as history, or for a return.
        when: which rows that concerns, in SQL about the row `r`; the others are history.
        lead: in SQL, the lead to whose taker the row goes; rows without one go to the heir.
        clash: in SQL, where the new member `t.taker` cannot stand in the row; `rest` is what becomes of such rows.
        also: what is set along with it.
        duty: something that is looked after, which a living member may hand over too.
    """

    table: str
    column: str
    fate: Fate
    when: str = "true"
    lead: str = "null"
    clash: str = "false"
    rest: str = ""
    also: str = ""
    duty: bool = False

    @property
    def part(self) -> str:
        return f"{self.table}.{self.column}"


def _kept(table: str, *columns: str) -> tuple[Reference, ...]:
    return tuple(Reference(table, column, "kept") for column in columns)


_OPEN = "r.state = 'open'"
_STEP = ", version = r.version + 1"
_CLOSED = "update question r set state = 'done', closed_at = :now, version = r.version + 1 where {mine}"

REFERENCES: tuple[Reference, ...] = (
    # Leads, and what a hand-over of leads does by itself.
    Reference("lead", "owner_id", "moved", "r.status = 'open'"),
    Reference("contact_move", "from_id", "moved", "r.state = 'wanted'"),
    Reference("contact_move", "to_id", "moved", "r.state = 'wanted'"),
    Reference("contact_follow", "member_id", "moved", "r.ended_at is null"),
    # What goes with a lead, or to whoever takes over.
    Reference("task", "member_id", "moved", _OPEN, "r.lead_id", also=_STEP),
    Reference("task", "by_id", "moved", _OPEN, "r.lead_id", also=_STEP),
    Reference(
        "question", "colleague_id", "moved", _OPEN, "r.lead_id", "r.asker_id = t.taker", _CLOSED, also=_STEP,
    ),
    Reference("question", "asker_id", "moved", _OPEN, "r.lead_id", "r.colleague_id = t.taker", _CLOSED, also=_STEP),
    Reference("duplicate", "asked_id", "moved", "r.state = 'asked'"),
    Reference("pool", "admin_id", "moved", duty=True),
    Reference(
        "member", "manager_id", "moved", "r.active", clash="r.id = t.taker", duty=True,
        rest="update member r set manager_id = null where {mine}",
    ),
    Reference(
        "digest_subscription", "member_id", "moved",
        clash="exists (select from digest_subscription o where o.org_id = r.org_id and o.member_id = t.taker"
        " and o.department_id is not distinct from r.department_id)",
        rest="delete from digest_subscription r where {mine}", duty=True,
    ),
    Reference("event", "created_by", "moved", "r.closed_at is null", duty=True),
    Reference("hook", "created_by", "moved", duty=True),
    Reference("source", "owner_id", "moved", duty=True),
    Reference("list_entry", "owner_id", "moved", duty=True),
    # What is over with the sign-off.
    Reference("offer", "member_id", "ended", _OPEN),
    Reference("calendar_feed", "member_id", "ended"),
    Reference("link_code", "member_id", "ended", "r.used_at is null and r.expires_at > :now"),
    Reference("pending_form", "member_id", "ended"),
    Reference("pending_line", "member_id", "ended"),
    Reference("recent_lead", "member_id", "ended"),
    Reference("message", "member_id", "ended", "r.state in ('owed', 'held')"),
    Reference("posted_card", "member_id", "ended", "r.live"),
    # What is the member's own: it says nothing while the member is gone, and is there again after a return.
    *_kept("star", "member_id"), *_kept("saved_list", "member_id"), *_kept("chat_identity", "member_id"),
    *_kept("pool_scope", "member_id"), *_kept("leave", "member_id"), *_kept("duty", "member_id"),
    *_kept("rep_load", "member_id"),
    # History, which names whoever did it.
    *_kept("assignment", "member_id"), *_kept("activity", "actor_id", "for_id"), *_kept("credit", "member_id"),
    *_kept("decision", "member_id"), *_kept("claim_entry", "member_id"), *_kept("attachment", "member_id"),
    *_kept("lead", "created_by", "seller_id"), *_kept("import_job", "member_id"), *_kept("rule_set", "created_by"),
    *_kept("rule_pause", "by_id"), *_kept("rehearsal", "by_id"), *_kept("merge", "by_id", "undone_by"),
    *_kept("duplicate", "by_id", "decided_by"), *_kept("hand_over", "member_id", "by_id"),
    *_kept("hand_over_item", "to_id"), *_kept("api_token", "created_by"), *_kept("audit", "actor_id"),
    *_kept("erasure", "by_id"), *_kept("event_link", "member_id"), *_kept("event_question", "member_id"),
    *_kept("happening", "member_id"), *_kept("list_change", "by_id"), *_kept("person", "restricted_by"),
    *_kept("shadow_time", "by_id", "ended_by_id"), *_kept("sheet_mapping", "by_id"), *_kept("source_cost", "by_id"),
)  # fmt: skip
BY_THEMSELVES = frozenset({"lead", "contact_move", "contact_follow"})
MOVED = tuple(one for one in REFERENCES if one.fate == "moved" and one.table not in BY_THEMSELVES)
DUTIES = tuple(one for one in MOVED if one.duty)

_MINE = "r.org_id = :org and r.{column} = :giver and {when}"
_COUNT = "select count(*) from {table} r where {mine}"
# The rows that go, each with whoever takes it: the taker of its lead, else the heir.
_MOVE = """
    with taking as (
        select r.id, coalesce(i.to_id, :heir) as taker from {table} r
        left join hand_over_item i on i.org_id = r.org_id and i.hand_over_id = :hand_over and i.part = 'lead'
             and i.item_id = {lead}
        where {mine}
    ), moved as (
        update {table} r set {column} = t.taker{also} from taking t
        where r.org_id = :org and r.id = t.id and t.taker is not null and not ({clash})
        returning r.id, r.{column} as taker
    )
    insert into hand_over_item (org_id, hand_over_id, part, item_id, to_id, before)
    select :org, :hand_over, '{part}', id, taker, '{{}}' from moved
"""
# What a lead that stays with its taker brings along stays as well.
_BACK = """
    with going as (
        select i.id as item, i.item_id, i.to_id from hand_over_item i
        where i.org_id = :org and i.hand_over_id = :hand_over and i.part = '{part}' and i.back_at is null
    ), moved as (
        update {table} r set {column} = :giver{also} from going g
        where r.org_id = :org and r.id = g.item_id and r.{column} = g.to_id and {when}
          and not exists (select from hand_over_item l where l.org_id = :org and l.hand_over_id = :hand_over
                            and l.part = 'lead' and l.item_id = {lead} and l.back_at is null)
        returning r.id
    )
    update hand_over_item i set back_at = :now from moved
    where i.org_id = :org and i.hand_over_id = :hand_over and i.part = '{part}' and i.item_id = moved.id
"""
_ENDS = {
    "calendar_feed": "delete from calendar_feed r",
    "pending_form": "delete from pending_form r",
    "pending_line": "delete from pending_line r",
    "recent_lead": "delete from recent_lead r",
    "offer": "update offer r set state = 'withdrawn', closed_at = :now",
    "link_code": "update link_code r set expires_at = :now",
    "message": "update message r set state = 'dropped', cause = 'member_left'",
    "posted_card": "update posted_card r set live = false",
}


def _mine(one: Reference) -> str:
    return _MINE.format(column=one.column, when=one.when)


def _of(one: Reference, statement: str) -> TextClause:
    mine = _mine(one)
    return text(
        statement.format(
            table=one.table, column=one.column, part=one.part, mine=mine, when=one.when, lead=one.lead,
            clash=one.clash, also=one.also,
        )
    )  # fmt: skip


_COUNTS = {one.part: _of(one, _COUNT) for one in MOVED}
_MOVES = {one.part: _of(one, _MOVE) for one in MOVED}
_BACKS = {one.part: _of(one, _BACK) for one in MOVED}
_RESTS = {one.part: text(one.rest.format(mine=_mine(one))) for one in MOVED if one.rest}
_ENDED = [text(f"{_ENDS[one.table]} where {_mine(one)}") for one in REFERENCES if one.fate == "ended"]


def counted(uow: UnitOfWork, member_id: int, parts: tuple[Reference, ...] = MOVED) -> dict[str, int]:
    """How many rows of each part stand under somebody's name, without those of which there are none."""
    args = {"org": uow.org_id, "giver": member_id}
    found = {one.part: int(uow.session.scalar(_COUNTS[one.part], args) or 0) for one in parts}
    return {part: many for part, many in found.items() if many}


def end(uow: UnitOfWork, member_id: int) -> None:
    """What is over when somebody signs off: ways in, half-said things, what was still to be sent."""
    for statement in _ENDED:
        uow.session.execute(statement, {"org": uow.org_id, "giver": member_id, "now": uow.now})


def move(
    uow: UnitOfWork, *, hand_over_id: int, giver_id: int, heir_id: int | None, parts: tuple[Reference, ...] = MOVED
) -> dict[str, int]:
    """What goes with leads goes to their takers, all else to the heir; returns how many rows of each part moved.

    Args: heir_id: None where there is nobody: what would go there stays.
    """
    args: dict[str, Any] = {"org": uow.org_id, "giver": giver_id, "heir": heir_id, "hand_over": hand_over_id}
    moved = {}
    for one in parts:
        moved[one.part] = int(uow.session.execute(_MOVES[one.part], args).rowcount)  # type: ignore[attr-defined]
        if one.rest and heir_id is not None:
            uow.session.execute(_RESTS[one.part], args | {"now": uow.now})
    return {part: many for part, many in moved.items() if many}


def give_back(uow: UnitOfWork, *, hand_over_id: int, giver_id: int) -> int:
    """The way back, for what the taker still has; returns how many rows."""
    args = {"org": uow.org_id, "giver": giver_id, "hand_over": hand_over_id, "now": uow.now}
    back = 0
    for statement in _BACKS.values():
        back += int(uow.session.execute(statement, args).rowcount)  # type: ignore[attr-defined]
    return back
