"""The ledger of what members hold, beyond the one statement that takes a lead: locked for counts of another kind, and
kept in step when it changes whether leads fill their owner's capacity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from crm.rules import quota
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Rules
from crm.services.takeable import Taker
from crm.uow import UnitOfWork

_OPEN = text(
    """
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    values (:org, :me, 0, :day, 0, :week, 0, 0) on conflict do nothing
    """
)
_LOCK = text("select 1 from rep_load where org_id = :org and member_id = :me for update")
_OF_KIND = text(
    """
    select count(*) filter (where l.level = :level) as level, count(*) filter (where s.key = :source) as source
    from lead l left join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.owner_id = :me and l.status = 'open' and l.counts and l.id <> :lead
    """
)
_KINDS = text(
    """
    with taken as (
        select owner_id, level, source_id from lead
        where org_id = :org and owner_id = any(:members) and status = 'open' and counts
        union all
        select o.member_id, l.level, l.source_id from offer o join lead l on l.org_id = o.org_id and l.id = o.lead_id
        where o.org_id = :org and o.member_id = any(:members) and o.state = 'open'
    )
    select t.owner_id, t.level, s.key as source, count(*) as many
    from taken t left join source s on s.org_id = :org and s.id = t.source_id
    where t.level = any(:levels) or s.key = any(:sources)
    group by t.owner_id, t.level, s.key
    """
)
_DIFFER = """
    from lead l where l.org_id = :org and l.id = any(:leads) and l.status = 'open' and l.owner_id is not null
      and l.counts <> (l.origin <> 'self' and not l.stage = any(:excluded)
                       and l.held_by is distinct from 'nurture')
"""
_CHANGING = text(f"select l.owner_id {_DIFFER} order by l.id for no key update")
_LOCK_ALL = text(
    "select 1 from rep_load where org_id = :org and member_id = any(:members) order by member_id for update"
)
_RECOUNT = text(
    f"""
    with changed as (
        update lead set counts = not counts
        where org_id = :org and id in (select l.id {_DIFFER}) returning owner_id, counts
    ), moved as (
        select owner_id, sum(case when counts then 1 else -1 end) as by from changed group by owner_id
    )
    update rep_load r set holding = greatest(r.holding + moved.by, 0) from moved
    where r.org_id = :org and r.member_id = moved.owner_id
    returning r.member_id, r.holding, moved.by
    """  # noqa: S608  (a constant)
)


@dataclass(slots=True)
class Kinds:
    """What several members hold of the levels and sources that have caps of their own, while a batch is dealt."""

    rules: Rules
    held: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def full(self, member_id: int, lead: LeadFacts) -> bool:
        """Whether such a cap keeps the member from this lead."""
        return any(self.held[member_id, cap.by, cap.value] >= cap.cap for cap in self._caps(lead))

    def full_for(self, members: Iterable[int], lead: LeadFacts) -> list[int]:
        """Those of these members whom such a cap keeps from this lead."""
        caps = self._caps(lead)
        if not caps:
            return []
        return [one for one in members if any(self.held[one, cap.by, cap.value] >= cap.cap for cap in caps)]

    def took(self, member_id: int, lead: LeadFacts) -> None:
        """The member has one more."""
        self.held.update((member_id, cap.by, cap.value) for cap in self._caps(lead))

    def _caps(self, lead: LeadFacts) -> tuple[quota.Extra, ...]:
        if not quota.counts(self.rules, origin=lead.origin, stage=lead.stage):
            return ()
        return quota.extra_caps(self.rules, level=lead.level, source=lead.source)


def kinds(uow: UnitOfWork, member_ids: Sequence[int]) -> Kinds:
    """What these members hold, or are offered, by kind. Exact once their ledger rows are locked."""
    capacity, found = uow.rules.claim.capacity, Kinds(uow.rules)
    if not (capacity.levels or capacity.sources):
        return found
    args = {"org": uow.org_id, "levels": list(capacity.levels), "sources": list(capacity.sources)}
    for row in uow.execute(_KINDS, args | {"members": list(member_ids)}):
        if row.level is not None:
            found.held[row.owner_id, "level", row.level] += row.many
        if row.source is not None:
            found.held[row.owner_id, "source", row.source] += row.many
    return found


def lock(uow: UnitOfWork, member: Taker) -> None:
    """Nobody changes what this member holds or has claimed until the transaction ends."""
    day, week = quota.day_of(uow.now, member.timezone), quota.week_of(uow.now, member.timezone)
    uow.session.execute(_OPEN, {"org": uow.org_id, "me": member.id, "day": day, "week": week})
    uow.session.execute(_LOCK, {"org": uow.org_id, "me": member.id})


def crowded(uow: UnitOfWork, member_id: int, lead: LeadFacts) -> tuple[quota.Extra, int] | None:
    """The cap by level or source that keeps the member from this lead, with how many such leads are held.

    Exact once the ledger row is locked.
    """
    if not quota.counts(uow.rules, origin=lead.origin, stage=lead.stage):
        return None
    caps = quota.extra_caps(uow.rules, level=lead.level, source=lead.source)
    if not caps:
        return None
    args = {"org": uow.org_id, "me": member_id, "lead": lead.id, "level": lead.level, "source": lead.source}
    held = uow.session.execute(_OF_KIND, args).one()
    reached = [(cap, int(getattr(held, cap.by))) for cap in caps]
    return next(((cap, holds) for cap, holds in reached if holds >= cap.cap), None)


def recount(uow: UnitOfWork, lead_ids: Sequence[int]) -> dict[int, int]:
    """Stage or rules have changed: bring `lead.counts` and what the owners hold in step with them.

    Returns: the owners who hold more now, and how many each then holds.
    """
    args = {"org": uow.org_id, "leads": list(lead_ids), "excluded": list(uow.rules.claim.capacity.exclude_stages)}
    owners = sorted(set(uow.session.scalars(_CHANGING, args)))
    if not owners:
        return {}
    uow.session.execute(_LOCK_ALL, {"org": uow.org_id, "members": owners})
    return {row.member_id: row.holding for row in uow.session.execute(_RECOUNT, args) if row.by > 0}
