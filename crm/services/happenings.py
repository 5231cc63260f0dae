"""What happened, in an order that other systems can follow: timelines of leads, and facts about persons and members.

Rows are read in the order of the transactions that wrote them, up to the oldest one that is still running. Numbers
alone would not do: one that was drawn early may be committed late, and whoever has read past it never sees it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.uow import UnitOfWork

# By the word on the timeline. What is missing here is told as `lead.<word>`.
TOPICS = {
    "created": "lead.created", "won": "lead.won", "lost": "lead.lost", "stage": "lead.stage",
    "reopened": "lead.stage", "recycled": "lead.recycled", "taken_back": "lead.recycled",
    "released": "lead.released", "merged": "lead.merged", "unmerged": "lead.unmerged", "touched": "lead.touched",
    "logged": "follow_up.logged", "noted": "follow_up.noted", "contact_edited": "person.changed",
    "undone": "lead.undone", "edited": "lead.edited", "moved": "lead.moved", "held": "lead.held",
    "parked": "lead.parked", "woken": "lead.woken", "rewound": "lead.rewound", "merged_away": "lead.merged_away",
    **dict.fromkeys(
        ("assigned", "claimed", "dispatched", "accepted", "transferred", "handed_over", "unparked"), "lead.assigned"
    ),
}  # fmt: skip
OF_PEOPLE = ("person.changed", "person.erased", "member.left", "member.returned")
ALL = tuple(dict.fromkeys((*TOPICS.values(), *OF_PEOPLE)))
_NOWHERE = 2**62

_WRITE = text(
    "insert into happening (org_id, topic, person_id, member_id, at, data)"
    " values (:org, :topic, :person, :member, :now, cast(:data as jsonb))"
)
_CHANGED = text(
    "insert into happening (org_id, topic, person_id, at, data)"
    " select :org, 'person.changed', person, :now, '{}' from unnest(cast(:persons as bigint[])) as p(person)"
)
_PARTS = """
    (select a.xact, 0 as kind, a.id as entry, a.verb as word, a.at, a.data, a.words, a.undone_at,
            a.lead_id, l.number, l.origin = 'self' as own, l.person_id, a.actor_id as by_id,
            coalesce(a.for_id, l.owner_id) as member_id
     from activity a join lead l on l.org_id = a.org_id and l.id = a.lead_id
     where a.org_id = :org and (a.xact, a.id) > (:xact, :activity) and a.xact < :safe
     order by a.xact, a.id limit :most)
    union all
    (select xact, 1, id, topic, at, data, null, null, null, null, null, person_id, null, member_id
     from happening where org_id = :org and (xact, id) > (:xact, :happening) and xact < :safe
     order by xact, id limit :most)
    order by 1, 2, 3 limit :most
"""
_READ = text(_PARTS)
_SAFE = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_BEGUN = text("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
_WAITING = text(
    """
    select exists (select from activity where org_id = :org and (xact, id) > (:xact, :activity))
        or exists (select from happening where org_id = :org and (xact, id) > (:xact, :happening))
    """
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Up to where somebody has read."""

    xact: int = 0
    kind: int = 0
    entry: int = 0

    def __str__(self) -> str:
        return f"{self.xact}-{self.kind}-{self.entry}"

    @classmethod
    def read(cls, word: str) -> Place | None:
        """The place that a word names; None for any other word."""
        parts = word.split("-")
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in parts):
            return None
        return cls(*map(int, parts)) if int(parts[1]) <= 1 else None


@dataclass(frozen=True, slots=True)
class Happened:
    """One fact. `data` holds ids and figures; `words` what somebody wrote, which is personal;
    `own`: the lead is one that its owner found."""

    place: Place
    topic: str
    at: datetime
    lead_id: int | None
    ref: str | None
    person_id: int | None
    member_id: int | None
    by_id: int | None
    data: dict[str, Any]
    words: str | None
    undone: bool
    own: bool

    @property
    def id(self) -> str:
        """The same however often it is told."""
        return f"evt_{'ah'[self.place.kind]}{self.place.entry}"


def write(
    uow: UnitOfWork,
    topic: str,
    *,
    person: int | None = None,
    member: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """A fact that no timeline of a lead holds. Args: topic: one of `OF_PEOPLE`; data: ids and figures only."""
    if topic not in OF_PEOPLE:
        raise ValueError(topic)
    args = {"org": uow.org_id, "topic": topic, "person": person, "member": member, "now": uow.now}
    uow.session.execute(_WRITE, args | {"data": json.dumps(dict(data or {}))})


def write_changed(uow: UnitOfWork, persons: Collection[int]) -> None:
    """More is known of each of these persons than was, by whatever came in."""
    if persons:
        uow.session.execute(_CHANGED, {"org": uow.org_id, "persons": sorted(persons), "now": uow.now})


def after(uow: UnitOfWork, place: Place, most: int) -> list[Happened]:
    """What happened after a place, in order; what is written by transactions still running comes later."""
    # What is safe is asked first: the reading sees at least all that was committed by then.
    rows = uow.session.execute(_READ, _from(uow, place) | {"safe": safe(uow), "most": most})
    return [_of(row) for row in rows]


def is_waiting(uow: UnitOfWork, place: Place) -> bool:
    """Whether something after that place is committed, though it may not be its turn yet."""
    return bool(uow.session.scalar(_WAITING, _from(uow, place)))


def now(uow: UnitOfWork) -> Place:
    """The place after all that was begun by now, whether it has ended or not."""
    return Place(int(uow.session.execute(_BEGUN).scalar_one()) - 1, 1, _NOWHERE)


def safe(uow: UnitOfWork) -> int:
    """The oldest transaction that is still running; all before it have ended."""
    return int(uow.session.execute(_SAFE).scalar_one())


def _from(uow: UnitOfWork, place: Place) -> dict[str, Any]:
    """In one transaction activities come before happenings."""
    activity = place.entry if place.kind == 0 else _NOWHERE
    happening = place.entry if place.kind == 1 else 0
    return {"org": uow.org_id, "xact": place.xact, "activity": activity, "happening": happening}


def _of(row: Any) -> Happened:
    told = TOPICS.get(row.word, f"lead.{row.word}") if row.kind == 0 else row.word
    return Happened(
        place=Place(row.xact, row.kind, row.entry), topic=told, at=row.at, lead_id=row.lead_id,
        ref=f"L-{row.number}" if row.number else None, person_id=row.person_id, member_id=row.member_id,
        by_id=row.by_id, data=row.data, words=row.words, undone=row.undone_at is not None, own=bool(row.own),
    )  # fmt: skip
