"""Lines that follow a purchase: when a lead is won, the next one is parked until its day or until the customer comes in
again, and then goes to that line's people with a briefing. Who sold first keeps seeing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.rules.sections.offering import FollowingLine
from crm.services import calendars, decisions, dispatch, lead_facts, placing, scoring, timeline
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

CHUNK = 20  # each is dispatched, and a transaction stays short
KIND = "line"

_LINE = text(
    """
    insert into line (org_id, key, name) values (:org, :key, :name)
    on conflict (org_id, key) do update set name = excluded.name returning id
    """
)
# A following line has the steps of the first one until somebody gives it its own.
_PIPELINE = text(
    """
    with model as (
        select p.id, p.name from pipeline p join line l on l.org_id = p.org_id and l.id = p.line_id
        where p.org_id = :org and p.line_id <> :line order by l.id, p.id limit 1
    ), made as (
        insert into pipeline (org_id, line_id, name)
        select :org, :line, :name from model
        where not exists (select from pipeline p where p.org_id = :org and p.line_id = :line)
        returning id
    )
    insert into stage (org_id, pipeline_id, key, name, name_zh, position, funnel)
    select :org, made.id, s.key, s.name, s.name_zh, s.position, s.funnel
    from made, model join stage s on s.org_id = :org and s.pipeline_id = model.id
    """
)
_PARK = text(
    """
    insert into lead (org_id, number, person_id, line_id, status, stage, pool_id, source_id, origin, referrer, channel,
        campaign, level, product, region, currency, score, tags, custom, version, created_by, created_at,
        pool_entered_at, stage_entered_at, warn_step, extensions, touches, held_by, held_since, held_until, held_for,
        parent_id, seller_id)
    select :org, sluice_next_numbers(:org, 1), won.person_id, :line, 'open',
           coalesce((select s.key from stage s join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
                     where p.org_id = :org and p.line_id = :line order by p.id, s.position limit 1), 'new'),
           :pool, won.source_id, 'company', won.referrer, won.channel, won.campaign, won.level, won.product,
           won.region, won.currency, 0, won.tags, won.custom, 1, :actor, :now, :now, :now, 0, 0, 1, 'nurture', :now,
           :until, :key, won.id, :seller
    from lead won where won.org_id = :org and won.id = :lead
    on conflict (org_id, person_id, line_id) where status = 'open' do nothing
    returning id, number
    """
)
_UNPARK = text(
    """
    update lead set status = 'void', closed_at = :now, held_by = null, held_since = null, held_until = null,
           held_for = null, version = version + 1
    where org_id = :org and parent_id = :parent and status = 'open' and owner_id is null and held_by = 'nurture'
      and touches = 1
    returning id
    """
)
_DUE = text(
    """
    select id, seller_id, held_for, touches from lead
    where org_id = :org and held_until <= :now and held_by = 'nurture' and owner_id is null and status = 'open'
    order by held_until, id limit :chunk for no key update skip locked
    """
)
# Only now it has come in: the funnel counts it from its day.
_OPEN = text(
    """
    update lead set held_by = null, held_since = null, held_until = null, held_for = null, pool_entered_at = :now,
           stage_entered_at = :now, created_at = :now, version = version + 1
    where org_id = :org and id = any(:leads)
    """
)
_BRIEFING = text(
    """
    select w.id, w.number, w.product, w.amount, w.currency, w.closed_at, m.name as seller, ln.name as line
    from lead l join lead w on w.org_id = l.org_id and w.id = l.parent_id
    join line ln on ln.org_id = l.org_id and ln.id = l.line_id
    left join member m on m.org_id = l.org_id and m.id = l.seller_id
    where l.org_id = :org and l.id = :lead
    """
)
_NOTES = text(
    """
    select at, words from activity
    where org_id = :org and lead_id = :lead and verb in ('logged', 'noted') and words is not null and undone_at is null
    order by at desc, id desc limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Note:
    """A line that somebody wrote about the customer."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """What was bought before: the won lead, when, by whom it was sold, and the last notes, newest first.

    `line` is the name of the line that follows.
    """

    ref: str
    line: str
    product: str | None
    amount: Decimal | None
    currency: str | None
    won_at: datetime | None
    seller: str | None
    notes: tuple[Note, ...]


def ensure(uow: UnitOfWork) -> dict[str, int]:
    """See that every line the rules name is there, with steps; returns their ids by key."""
    return {key: _ensure(uow, key, line) for key, line in uow.rules.lines.items()}


def park_following(uow: UnitOfWork, *, lead_id: int, seller_id: int, actor_id: int | None) -> list[int]:
    """A lead has been won: park the leads of the lines that follow; returns which. One a person has already stays."""
    if not uow.rules.lines:
        return []
    won = lead_facts.read(uow, [lead_id])[0]
    found = (
        _park(uow, won, key, line, seller_id, actor_id)
        for key, line in uow.rules.lines.items() if line.when.holds(won)
    )  # fmt: skip
    return [parked for parked in found if parked is not None]


def unpark(uow: UnitOfWork, *, parent_id: int) -> list[int]:
    """The lead is not won after all: what follows it goes, if nobody has touched it."""
    gone = sorted(uow.session.scalars(_UNPARK, {"org": uow.org_id, "parent": parent_id, "now": uow.now}))
    for lead_id in gone:
        timeline.note(uow, lead_id=lead_id, verb="undone", actor_id=None, data={"verb": "parked"})
    uow.touch(*gone)
    return gone


def open_due(uow: UnitOfWork) -> int:
    """Dispatch the parked leads whose day has come, or whose customer came in; returns how many. Twice is harmless."""
    due = uow.session.execute(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    uow.session.execute(_OPEN, {"org": uow.org_id, "now": uow.now, "leads": [row.id for row in due]})
    for row in due:
        because = "touch" if row.touches > 1 else "time"
        timeline.note(uow, lead_id=row.id, verb="line_opened", actor_id=None, data={"line": row.held_for})
        facts = {"line": row.held_for, "because": because}
        decisions.record(uow, KIND, [Verdict(row.id, "line_opened", row.held_for, row.seller_id, facts)])
        dispatch.dispatch(uow, row.id)
    uow.touch(*(row.id for row in due))
    return len(due)


def briefing(uow: UnitOfWork, lead_id: int, *, notes: int = 3) -> Briefing | None:
    """What whoever gets a following lead should know; None for a lead that follows none."""
    row = uow.session.execute(_BRIEFING, {"org": uow.org_id, "lead": lead_id}).one_or_none()
    if row is None:
        return None
    said = uow.session.execute(_NOTES, {"org": uow.org_id, "lead": row.id, "most": notes})
    return Briefing(
        f"L-{row.number}", row.line, row.product, row.amount, row.currency, row.closed_at, row.seller,
        tuple(Note(one.at, one.words) for one in said),
    )  # fmt: skip


def _ensure(uow: UnitOfWork, key: str, line: FollowingLine) -> int:
    line_id = int(uow.session.execute(_LINE, {"org": uow.org_id, "key": key, "name": line.name}).scalar_one())
    uow.session.execute(_PIPELINE, {"org": uow.org_id, "line": line_id, "name": line.name})
    return line_id


def _park(
    uow: UnitOfWork, won: LeadFacts, key: str, line: FollowingLine, seller_id: int, actor_id: int | None
) -> int | None:
    until = calendars.for_member(uow, seller_id).add(uow.now, line.after_won)
    args = {
        "org": uow.org_id, "now": uow.now, "lead": won.id, "line": _ensure(uow, key, line), "key": key,
        "pool": placing.Pools(uow).for_lead(uow.rules, None, won), "seller": seller_id, "actor": actor_id,
        "until": until,
    }  # fmt: skip
    row = uow.session.execute(_PARK, args).one_or_none()
    if row is None:
        return None
    _write(uow, won.id, row, key, until, seller_id)
    return int(row.id)


def _write(uow: UnitOfWork, won: int, row: Any, key: str, until: datetime, seller_id: int) -> None:
    """Both leads tell of it, and why."""
    timeline.note(uow, lead_id=row.id, verb="line_parked", actor_id=None, data={"line": key, "until": until})
    timeline.note(uow, lead_id=won, verb="followed", actor_id=None, data={"lead": row.number, "until": until})
    facts = {"line": key, "until": until.isoformat()}
    decisions.record(uow, KIND, [Verdict(row.id, "line_parked", key, seller_id, facts)])
    scoring.refresh(uow, [row.id])
