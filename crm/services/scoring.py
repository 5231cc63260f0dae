"""Keeping the points of leads in step with their facts: who changes a fact calls this in the same transaction.

What a score loses by itself, because the customer came in longer ago, stands in a column with its moment, so the duty
reads the leads that change now and no others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text

from crm import queue
from crm.rules.arrival import Checked
from crm.rules.facts import LeadFacts
from crm.rules.score import Profile, Scored, score
from crm.rules.sections.scoring import Scoring
from crm.uow import UnitOfWork

CHUNK = 1000

# The facts come first, in the order of `_FACTS`, and last what is known of the customer; see `_of`.
_READ = text(
    """
    select l.id, l.stage, coalesce(st.funnel, 'new') as funnel, l.origin, s.key as source, l.channel, l.campaign,
           l.level, l.product, l.region, ln.key as line, l.amount, l.touches, l.tags, l.custom, l.contacted_at, l.wave,
           case when l.parent_id is not null then 'customer' when l.wave > 1 then 'returning' else 'new' end as kind,
           case when l.touches > 1 then
               (select max(a.at) from activity a
                 where a.org_id = l.org_id and a.undone_at is null
                   and a.lead_id = any(array(select l.id union all select w.id from lead w
                                             where w.org_id = l.org_id and w.merged_into = l.id))
                   and (a.verb = 'touched' or a.verb = 'created' and a.lead_id <> l.id))
           end as touched_at,
           l.created_at,
           case when l.touches > 1 and cast(:events as text[]) <> '{}' then array(
               select distinct a.data ->> 'event' from activity a
                where a.org_id = l.org_id and a.undone_at is null and a.verb = 'touched'
                  and a.data ->> 'event' = any(cast(:events as text[]))
                  and a.lead_id = any(array(select l.id union all select w.id from lead w
                                            where w.org_id = l.org_id and w.merged_into = l.id)))
           end as events,
           l.status, l.score, l.score_reasons, l.score_at, p.name <> '' as name,
           p.company <> '' as company, p.title <> '' as title, l.referrer is not null as referrer,
           array(select k.kind from person_key k where k.org_id = l.org_id and k.person_id = l.person_id) as kinds
    from lead l
    join line ln on ln.org_id = l.org_id and ln.id = l.line_id
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join pipeline pl on pl.org_id = l.org_id and pl.line_id = l.line_id
    left join stage st on st.org_id = l.org_id and st.pipeline_id = pl.id and st.key = l.stage
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.id = any(:ids)
    """
)
_FACTS = (
    "id", "stage", "funnel", "origin", "source", "channel", "campaign", "level", "product", "region", "line", "amount",
    "touches", "tags", "custom", "contacted_at", "wave", "kind",
)  # fmt: skip
_NAMED, _TOUCHED = ("name", "company", "title", "referrer"), len(_FACTS)
_WRITE = text(
    """
    update lead l set score = d.score, score_reasons = cast(d.reasons as jsonb), score_at = d.at
    from unnest(cast(:ids as bigint[]), cast(:scores as bigint[]), cast(:reasons as text[]),
                cast(:moments as timestamptz[])) as d(id, score, reasons, at)
    where l.org_id = :org and l.id = d.id
    """
)
_DUE = text(
    """
    select id from lead where org_id = :org and score_at <= :now
    order by score_at, id limit :chunk for no key update skip locked
    """
)
_OPEN = text(
    """
    select id from lead where org_id = :org and status = 'open' and id > :after
    order by id limit :chunk for no key update
    """
)


@dataclass(frozen=True, slots=True)
class Points:
    """A lead's score as it stands, with its reasons."""

    score: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Openings:
    """The points of leads that come in together: alike ones are worked out once, under the rules of one transaction."""

    rules: Scoring
    now: datetime
    asked: Sequence[str]
    _found: dict[tuple[Any, ...], Opened] = field(default_factory=dict)

    def of(self, checked: Checked, source: str | None, facts: Callable[[], LeadFacts]) -> Opened:
        """The points of a lead that comes in now from somebody unknown so far.

        Args:
            facts: of the lead, which are put together only where they are asked for: it takes longer than all else.
        """
        alike = (
            bool(checked.name), bool(checked.company), bool(checked.title), bool(checked.referrer),
            tuple([kind for kind, _ in checked.keys]), source, checked.level, bool(checked.product),
            bool(checked.amount), *(self._asked(facts()) if self.asked else ()),
        )  # fmt: skip
        found = self._found.get(alike)
        if found is None:
            found = self._found[alike] = self._scored(checked, facts())
        return found

    def _scored(self, checked: Checked, lead: LeadFacts) -> Opened:
        known = frozenset([*(name for name in _NAMED if getattr(checked, name)), *(kind for kind, _ in checked.keys)])
        scored = score(lead, Profile(known, self.now), self.rules, self.now)
        return Opened(scored.points, json.dumps(scored.stored()), scored.next_at)

    def _asked(self, lead: LeadFacts) -> Iterator[Any]:
        for name in self.asked:
            yield lead.custom.get(name[7:]) if name.startswith("custom.") else getattr(lead, name)


class Opened(NamedTuple):
    """The points a lead begins with, their reasons as they are stored, and when they change by themselves."""

    points: int
    reasons: str
    next_at: datetime | None


def openings(uow: UnitOfWork) -> Openings:
    """For the leads that come in with this transaction."""
    rules = _rules(uow)
    return Openings(rules, uow.now, rules.asked)


def refresh(uow: UnitOfWork, lead_ids: Sequence[int]) -> int:
    """Bring the points of these leads in step with their facts; returns how many were written.

    A closed lead keeps what it had, and does not change by itself any more.
    """
    asked = {"org": uow.org_id, "ids": list(lead_ids), "events": list(_rules(uow).events)}
    rows = uow.execute(_READ, asked)
    found = [(row, _of(uow, row) if row.status == "open" else _standing(row)) for row in rows]
    changed = [(row.id, new) for row, new in found if _differs(row, new)]
    _write(uow, changed)
    return len(changed)


def refresh_due(uow: UnitOfWork) -> int:
    """Take up to `CHUNK` leads whose points change by now; returns how many there were."""
    ids = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    refresh(uow, ids)
    return len(ids)


def refresh_next(uow: UnitOfWork, *, after: int) -> int | None:
    """Bring the next `CHUNK` open leads in step with the rules; returns where to go on, None at the end."""
    ids = uow.session.scalars(_OPEN, {"org": uow.org_id, "after": after, "chunk": CHUNK}).all()
    refresh(uow, ids)
    return ids[-1] if len(ids) == CHUNK else None


def order(uow: UnitOfWork) -> queue.Order:
    """The job that brings all open leads in step with the rule set in force."""
    return queue.Order(queue.RESCORE, {"org_id": uow.org_id, "after": 0}, queue=queue.BULK)


def of(uow: UnitOfWork, lead_id: int) -> Points:
    """The score of a lead as it stands."""
    found = text("select score, score_reasons from lead where org_id = :org and id = :id")
    row = uow.session.execute(found, {"org": uow.org_id, "id": lead_id}).one()
    return Points(row.score, tuple((name, points) for name, points in row.score_reasons))


def _of(uow: UnitOfWork, row: Any) -> Scored:
    # By position, as selected: asking a row for thirty names takes longer than working out the points.
    facts = LeadFacts(**dict(zip(_FACTS, row, strict=False)))
    named = [name for name, there in zip(_NAMED, row[-len(_NAMED) - 1 : -1], strict=True) if there]
    came_at = row[_TOUCHED] or row[_TOUCHED + 1]
    events = frozenset(row[_TOUCHED + 2] or ())
    return score(facts, Profile(frozenset([*named, *row[-1]]), came_at, events), _rules(uow), uow.now)


def _rules(uow: UnitOfWork) -> Scoring:
    return uow.rules.score


def _standing(row: Any) -> Scored:
    return Scored(row.score, tuple((name, points) for name, points in row.score_reasons))


def _differs(row: Any, new: Scored) -> bool:
    return (row.score, row.score_reasons, row.score_at) != (new.points, new.stored(), new.next_at)


def _write(uow: UnitOfWork, found: Sequence[tuple[int, Scored]]) -> None:
    if not found:
        return
    ordered = sorted(found, key=lambda each: each[0])
    args = {
        "org": uow.org_id, "ids": [lead_id for lead_id, _ in ordered], "scores": [new.points for _, new in ordered],
        "reasons": [json.dumps(new.stored()) for _, new in ordered], "moments": [new.next_at for _, new in ordered],
    }  # fmt: skip
    uow.execute(_WRITE, args)
