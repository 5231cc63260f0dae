"""Changing the owner of a lead: one statement that compares and sets, the lead only if it is still free, the ledger
only below the cap.

Order of locks everywhere: leads by id, then ledger rows by member id. A lead is locked `for no key update`: whoever
has written a task or a line of history holds a key lock on its lead, and two such who ask for a plain `for update`
would wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import text

from crm.calendar import Calendar
from crm.errors_of_pools import LevelFull, SourceFull
from crm.rules import quota
from crm.rules.access import Actor
from crm.rules.facts import LeadFacts
from crm.rules.recycle import Deadlines
from crm.services import clocks, decisions, ledger, members, response_clock, takeable
from crm.services.decisions import Verdict
from crm.services.takeable import Takeable, Taker
from crm.uow import UnitOfWork

NO_LIMIT = 2**31 - 1

# Takes the lead if it is free and counts it if the ledger has room. A row without `holding` means: no room.
_TAKING = """
    with won as (
        update lead set owner_id = :member, assigned_at = :now, followed_up_at = null, held_since = null,
               held_by = null, held_until = null, held_for = null, counts = :counts > 0,
               extensions = 0, extended_until = null, protected_until = null, recycle_at = :recycle_at,
               recycle_rule = :rule, warn_at = :warn_at, warn_step = :warn_step, version = version + 1
        where org_id = :org and id = :lead and owner_id is null and status = 'open'
          and (:how <> 'claim' or (
                pool_id = :pool and pool_entered_at is not distinct from cast(:entered as timestamptz)
                and coalesce(held_by, 'nobody') in ('nobody', 'group')))
        returning id, version, pool_id
    ), counted as (
        insert into rep_load as r (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day,
                                   dealt_week, month, dealt_month)
        select :org, :member, :counts, :day, :claims, :week, :claims, :dealt, :dealt, :month, :dealt from won
        where :cap >= :counts and :per_day >= :claims and :per_week >= :claims
          and least(:dealt_per_day, :dealt_per_week, :dealt_per_month) >= :dealt
        on conflict (org_id, member_id) do update set
            holding = r.holding + :counts,
            day_claims = case when r.day = :day then r.day_claims else 0 end + :claims,
            dealt_day = case when r.day = :day then r.dealt_day else 0 end + :dealt,
            dealt_week = case when r.week = :week then r.dealt_week else 0 end + :dealt,
            dealt_month = case when r.month = :month then r.dealt_month else 0 end + :dealt,
            day_reveals = case when r.day = :day then r.day_reveals else 0 end,
            week_claims = case when r.week = :week then r.week_claims else 0 end + :claims,
            day = :day, week = :week, month = :month
        where (:counts = 0 or r.holding + :counts <= :cap)
          and case when r.day = :day then r.day_claims else 0 end + :claims <= :per_day
          and case when r.week = :week then r.week_claims else 0 end + :claims <= :per_week
          and (:dealt = 0 or (
                case when r.day = :day then r.dealt_day else 0 end + :dealt <= :dealt_per_day
                and case when r.week = :week then r.dealt_week else 0 end + :dealt <= :dealt_per_week
                and case when r.month = :month then r.dealt_month else 0 end + :dealt <= :dealt_per_month))
        returning holding, day, day_claims, week, week_claims
    ), history as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :org, id, :member, :now, :how from won
    ), withdrawn as (
        update offer o set state = 'withdrawn', closed_at = :now from won
        where o.org_id = :org and o.lead_id = won.id and o.state = 'open'
    ), entry as (
        insert into claim_entry (org_id, member_id, lead_id, pool_id, day, at)
        select :org, :member, id, case when :how = 'claim' then pool_id end, :day, :now from won where :claims > 0
    ), {decided} line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, words, data, decision_id, undo)
        select :org, id, :actor, :member, :verb, :now, :words, '{{}}', {decision},
               jsonb_build_object('version', version, 'pool_id', pool_id) from won
        returning id, decision_id
    )
    select line.id as activity, counted.*, line.decision_id from line left join counted on true
"""
_TAKE = text(_TAKING.format(decided="", decision=":decision"))
# The decision by which it is taken is written along.
_TAKE_BY = text(
    _TAKING.format(decided=f"decided as ({decisions.ONE} from won returning id),", decision="(select id from decided)")
)
_END = text(
    """
    with was as (
        select id, assigned_at, followed_up_at, pool_id, pool_entered_at, extensions, extended_until, protected_until
        from lead
        where org_id = :org and id = :lead and owner_id = :owner and status = 'open' for no key update
    ), ended as (
        update lead l set owner_id = null, pool_id = coalesce(:pool, l.pool_id), pool_entered_at = :now,
               assigned_at = null, recycle_at = null, recycle_rule = null, warn_at = null, sla_at = null,
               extended_until = null, extensions = 0, protected_until = null, held_by = null, held_since = null,
               held_until = null, held_for = null, version = version + 1
        from was where l.org_id = :org and l.id = was.id
        returning l.id, l.version, l.counts, l.pool_id
    ), history as (
        update assignment a set ended_at = :now, ended_by = :how, reason = :reason
        from ended where a.org_id = :org and a.lead_id = ended.id and a.ended_at is null
    ), tasks as (
        update task t set state = 'cancelled', closed_at = :now, version = t.version + 1
        from ended where t.org_id = :org and t.lead_id = ended.id and t.member_id = :owner and t.state = 'open'
        returning t.id
    ), counted as (
        update rep_load r set holding = greatest(r.holding - 1, 0) from ended
        where r.org_id = :org and r.member_id = :owner and ended.counts
    ), line as (
        insert into activity (org_id, lead_id, actor_id, for_id, verb, at, words, data, undo)
        select :org, id, :actor, :owner, :verb, :now, :reason, '{}',
               jsonb_build_object('version', version, 'owner_id', cast(:owner as bigint),
                                  'before', (select to_jsonb(was) - 'id' from was),
                                  'tasks', (select coalesce(jsonb_agg(tasks.id), '[]') from tasks)) from ended
    )
    select id, version, pool_id from ended
    """
)
_LOAD = text("select holding, day, day_claims, week, week_claims from rep_load where org_id = :org and member_id = :me")
_LOCK_FREE = text("select 1 from lead where org_id = :org and id = :lead for no key update")
_ABOUT = text(
    """
    select m.email, coalesce((select array_agg(d.key order by cardinality(d.path)) from department d
                              where d.org_id = m.org_id and d.id = any(:path)), '{}') as departments
    from member m where m.org_id = :org and m.id = :me
    """
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a member may still take: the caps that the ledger's conditional update compares with."""

    cap: int
    per_day: int
    per_week: int
    day: date
    week: date
    month: date
    dealt_per_day: int = NO_LIMIT
    dealt_per_week: int = NO_LIMIT
    dealt_per_month: int = NO_LIMIT


@dataclass(frozen=True, slots=True)
class Load:
    """What a member holds and has claimed. None for a cap that is not set."""

    held: int
    cap: int | None
    today: int
    per_day: int | None
    week: int
    per_week: int | None

    @classmethod
    def under(cls, limits: Room, row: Any) -> Load:
        """A row of the ledger, or None, under these caps; what was counted on another day counts no more."""
        caps = (None if cap == NO_LIMIT else cap for cap in (limits.cap, limits.per_day, limits.per_week))
        cap, per_day, per_week = caps
        if row is None:
            return cls(0, cap, 0, per_day, 0, per_week)
        today = row.day_claims if row.day == limits.day else 0
        return cls(row.holding, cap, today, per_day, row.week_claims if row.week == limits.week else 0, per_week)


def give(  # noqa: PLR0913  (one named thing each)
    uow: UnitOfWork,
    *,
    lead_id: int,
    member_id: int,
    how: str,
    reason: str | None = None,
    decision_id: int | None = None,
    actor_id: int | None = None,
    verb: str | None = None,
    dealt: bool = False,
    claims: int = 0,
) -> bool:
    """Make a member the owner of a free lead, within capacity.

    Args:
        how: how the assignment begins: dispatch, offer, assign, transfer, created, undo.
        dealt: counts against the member's daily cap of dispatched leads.
        claims: 1 where this counts as a claim, and the caps on claims hold.

    Returns: False, and nothing is changed, when the lead is no longer free or the member has no room.
    """
    member = members.get(uow, member_id)
    found = takeable.by_id(uow, member, lead_id)
    if found is None or not found.is_free:
        return False
    limits = room(uow, member, found.lead.department_path, found.email)
    if not claims:
        limits = replace(limits, per_day=NO_LIMIT, per_week=NO_LIMIT)
    if _crowded(uow, member, found.lead):
        return False
    story: dict[str, Any] = {"actor": actor_id, "words": reason, "decision": decision_id, "verb": verb or _VERBS[how]}
    lead = found.taken(member.id, uow.now, over=how == "transfer")
    clock = clocks.compute(uow, [lead])[0]
    return _try(uow, member, lead, clock, limits, how=how, claims=claims, dealt=int(dealt), **story) is not None


def deal(uow: UnitOfWork, made: Verdict, lead: LeadFacts, *, calendar: Calendar, to: Taker, limits: Room) -> bool:
    """Make a member the owner of a lead by a decision of dispatch, which is written along and gets its id.

    Args:
        lead: as it will be; it is locked.
        calendar: the member's.
        limits: as they hold for the member, what dispatch may deal among them.

    Returns: False, and nothing is written, when there is no room after all.
    """
    if _crowded(uow, to, lead):
        return False
    clock = clocks.compute(uow, [lead], {to.id: calendar})[0]
    story = {"actor": None, "verb": _VERBS["dispatch"], "decision": None}
    by = decisions.args(uow, "dispatch", made)
    row = _try(uow, to, lead, clock, limits, how="dispatch", dealt=1, by=by, **story)
    made.decision_id = row.decision_id if row else 0
    decisions.told("dispatch", [made.decision_id] if row else [])
    return row is not None


def _try(uow: UnitOfWork, member: Taker, lead: LeadFacts, clock: Deadlines, limits: Room, **more: Any) -> Any:
    """`_take`, or nothing is changed and no row stays locked."""
    with uow.session.begin_nested() as savepoint:
        row = _take(uow, member, lead, clock, limits, **more)
        if row is None or row.holding is None:
            savepoint.rollback()
            return None
    return row


def fits(uow: UnitOfWork, member: Actor, lead_id: int) -> bool:
    """Whether the member has room for this lead, whoever owns it. Sure only while lead and ledger are locked."""
    found = takeable.by_id(uow, member, lead_id)
    if found is None or ledger.crowded(uow, member.id, found.lead):
        return False
    counts = quota.counts(uow.rules, origin=found.lead.origin, stage=found.lead.stage)
    return not counts or holding(uow, member) < room(uow, member, found.lead.department_path, found.email).cap


def kind_full(cap: quota.Extra, held: int) -> LevelFull | SourceFull:
    """The refusal for a cap by level or source."""
    figures: dict[str, Any] = {"held": held, "limit": cap.cap, cap.by: cap.value}
    return LevelFull(**figures) if cap.by == "level" else SourceFull(**figures)


def _crowded(uow: UnitOfWork, member: Taker, lead: LeadFacts) -> bool:
    """Whether a cap by level or source keeps the member from a lead, counted with the ledger row locked."""
    if not quota.extra_caps(uow.rules, level=lead.level, source=lead.source):
        return False
    uow.session.execute(_LOCK_FREE, {"org": uow.org_id, "lead": lead.id})
    ledger.lock(uow, member)
    return ledger.crowded(uow, member.id, lead) is not None


def take(
    uow: UnitOfWork, member: Taker, found: Takeable, limits: Room, how: str, *, claims: int = 0, **story: Any
) -> Any:
    """Make the member the owner if the lead is still free. None when it is not; no `holding` in the row: no room, and
    the caller rolls back.

    Args:
        story: actor, verb, words and decision, as the timeline tells it.
    """
    lead = found.taken(member.id, uow.now)
    clock = clocks.compute(uow, [lead])[0]
    story |= {"how": how, "pool": found.pool_id, "entered": found.pool_entered_at}
    return _take(uow, member, lead, clock, limits, claims=claims, **story)


def _take(  # noqa: PLR0913  (one named thing each)
    uow: UnitOfWork,
    member: Taker,
    lead: LeadFacts,
    clock: Deadlines,
    limits: Room,
    *,
    claims: int = 0,
    dealt: int = 0,
    by: Mapping[str, Any] | None = None,
    **more: Any,
) -> Any:
    """Args: lead: as it will be; by: the decision that is to be written along, see `decisions.args`."""
    counts = quota.counts(uow.rules, origin=lead.origin, stage=lead.stage)
    uow.touch(lead.id)
    row = uow.execute(
        _TAKE_BY if by else _TAKE,
        {
            "org": uow.org_id, "lead": lead.id, "member": member.id, "now": uow.now, "claims": claims,
            "dealt": dealt, "counts": int(counts), "recycle_at": clock.recycle_at, "rule": clock.rule,
            "warn_at": clock.warn_at, "warn_step": clock.warn_step, "pool": None, "entered": None,
        } | asdict(limits) | {"words": None, "decision": None} | more | dict(by or {}),
    ).one_or_none()  # fmt: skip
    if row is not None and row.holding is not None:
        response_clock.restart(uow, [lead.id], fresh=True)
    return row


_VERBS = {
    "claim": "claimed", "dispatch": "dispatched", "offer": "dispatched", "assign": "assigned",
    "transfer": "transferred", "created": "assigned", "undo": "undone",
}  # fmt: skip


def take_back(  # noqa: PLR0913  (one named thing each)
    uow: UnitOfWork,
    *,
    lead_id: int,
    owner_id: int,
    how: str,
    reason: str | None,
    actor_id: int | None,
    pool_id: int | None = None,
    verb: str | None = None,
) -> bool:
    """End an ownership and return the lead to its pool, or to `pool_id`. False when the owner has changed meanwhile."""
    row = uow.session.execute(
        _END,
        {
            "org": uow.org_id, "lead": lead_id, "owner": owner_id, "how": how, "reason": reason, "actor": actor_id,
            "pool": pool_id, "now": uow.now, "verb": verb or how,
        },
    ).one_or_none()  # fmt: skip
    uow.touch(lead_id)
    return row is not None


def room(uow: UnitOfWork, member: Actor, departments: Sequence[str] | None = None, email: str | None = None) -> Room:
    """The caps that hold for a member now, in the member's own day and week.

    Args:
        departments, email: as `takeable` has read them; read here where they are not at hand.
    """
    if departments is None:
        departments, email = _about(uow, member)
    claim = uow.rules.claim
    cap = quota.capacity_for(uow.rules, role=member.role, departments=departments, email=email, name=member.name)
    return Room(
        cap=NO_LIMIT if cap is None else cap,
        per_day=NO_LIMIT if claim.per_day is None else claim.per_day,
        per_week=NO_LIMIT if claim.per_week is None else claim.per_week,
        day=quota.day_of(uow.now, member.timezone),
        week=quota.week_of(uow.now, member.timezone),
        month=quota.month_of(uow.now, member.timezone),
    )


def load(uow: UnitOfWork, member: Actor, limits: Room) -> Load:
    """The ledger of a member under these caps."""
    return Load.under(limits, uow.execute(_LOAD, {"org": uow.org_id, "me": member.id}).one_or_none())


def holding(uow: UnitOfWork, member: Actor) -> int:
    """How many open leads count against the member's capacity."""
    found = uow.session.scalar(
        text("select holding from rep_load where org_id = :org and member_id = :me"),
        {"org": uow.org_id, "me": member.id},
    )
    return found or 0


def _about(uow: UnitOfWork, member: Actor) -> tuple[list[str], str | None]:
    """The keys of a member's departments from the root down, and the e-mail: caps may be set by either."""
    row = uow.execute(_ABOUT, {"org": uow.org_id, "me": member.id, "path": list(member.departments)}).one()
    return row.departments, row.email
