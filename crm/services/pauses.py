"""Rules that somebody has stopped for a while: which, until when, and why.

A paused dispatch rule keeps its leads in order and deals them when it goes on. While a recycle rule is paused its
clocks stand still, so nothing falls due at once when it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text

from crm.errors import TimeInPast
from crm.errors_of_waiting import RuleNotFound, RuleNotPaused
from crm.rules.access import Actor
from crm.services import calendars, clocks, decisions
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

Kind = Literal["dispatch", "recycle"]

CHUNK = 2000

_RUNNING = "org_id = :org and ended_at is null and until > :now"
# The names of the rules of one kind that stand still.
PAUSED = f"select distinct rule from rule_pause where {_RUNNING} and kind = :kind"  # noqa: S608  (a constant)
_PAUSED = text(PAUSED)
_LIST = text(
    f"""
    select p.kind, p.rule, p.reason, p.at, p.until, m.name as by,
           (select count(*) from lead l where l.org_id = p.org_id and l.held_since is not null
              and l.held_by = 'paused' and l.held_for = p.rule and p.kind = 'dispatch') as waiting
    from rule_pause p left join member m on m.org_id = p.org_id and m.id = p.by_id
    where p.{_RUNNING} order by p.until, p.id
    """  # noqa: S608  (a constant)
)
_INSERT = text(
    "insert into rule_pause (org_id, kind, rule, reason, by_id, at, until)"
    " values (:org, :kind, :rule, :reason, :by, :now, :until)"
)
_END = text(
    f"update rule_pause set ended_at = :now where {_RUNNING} and kind = :kind and rule = :rule returning id"  # noqa: S608
)
_KEEP = text(
    """
    update lead l set held_since = coalesce(l.held_since, :now), held_by = 'paused', held_for = k.rule,
           held_until = (select max(p.until) from rule_pause p where p.org_id = :org and p.ended_at is null
                           and p.until > :now and p.kind = 'dispatch' and p.rule = k.rule)
    from unnest(cast(:leads as bigint[]), cast(:rules as text[])) as k(lead, rule)
    where l.org_id = :org and l.id = k.lead and l.owner_id is null and l.status = 'open'
    """
)
# Whoever waits for a rule waits until its pause ends, whichever way.
_MOVE = text(
    """
    update lead l set held_until = :until from (
        select id from lead where org_id = :org and held_since is not null and held_by = 'paused' and held_for = :rule
        order by id for no key update
    ) kept where l.org_id = :org and l.id = kept.id
    """
)
_GO_ON = text(
    """
    update lead l set held_by = 'nobody', held_for = null, held_until = null from (
        select id from lead where org_id = :org and held_until <= :now and held_by = 'paused' and status = 'open'
        order by id limit :chunk for no key update skip locked
    ) due where l.org_id = :org and l.id = due.id returning l.id
    """
)


@dataclass(frozen=True, slots=True)
class Pause:
    """A rule that stands still; `by` is the name of who stopped it, `waiting` how many leads it keeps."""

    kind: str
    rule: str
    reason: str
    at: datetime
    until: datetime
    by: str | None
    waiting: int


def paused(uow: UnitOfWork, kind: Kind = "dispatch") -> set[str]:
    """The names of the rules of that kind that stand still now."""
    return set(uow.session.scalars(_PAUSED, {"org": uow.org_id, "kind": kind, "now": uow.now}))


def running(uow: UnitOfWork) -> list[Pause]:
    """All rules that stand still now, the one that goes on first at the head."""
    return [Pause(*row) for row in uow.session.execute(_LIST, {"org": uow.org_id, "now": uow.now})]


def keep(uow: UnitOfWork, leads: Mapping[int, str]) -> None:
    """Free leads wait in order, `{lead: rule}`, until their rule goes on."""
    if leads:
        args = {"org": uow.org_id, "now": uow.now, "leads": list(leads), "rules": list(leads.values())}
        uow.session.execute(_KEEP, args)


def end_due(uow: UnitOfWork) -> int:
    """Leads whose rule goes on wait no longer for it but for their turn, in their old order; returns how many."""
    return len(uow.session.scalars(_GO_ON, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all())


def pause(uow: UnitOfWork, *, actor: Actor, name: str, until: datetime, reason: str) -> str:
    """Stop a rule until then; a second time moves the end. Returns the rule's name as it is written.

    Raises: NotAllowed, RuleNotFound, TimeInPast.
    """
    kinds, rule = _find(uow, actor, name)
    if until <= uow.now:
        raise TimeInPast
    for kind in kinds:
        args = {"org": uow.org_id, "kind": kind, "rule": rule, "now": uow.now}
        uow.session.execute(_END, args)
        uow.session.execute(_INSERT, args | {"reason": reason, "by": actor.id, "until": until})
    _move(uow, rule, kinds, until)
    facts = {"by": actor.id, "reason": reason, "until": until.isoformat(), "kinds": kinds}
    _changed(uow, kinds, Verdict(0, "paused", rule, facts=facts))
    return rule


def resume(uow: UnitOfWork, *, actor: Actor, name: str) -> str:
    """Let a rule go on before its time; returns its name as it is written.

    Raises: NotAllowed, RuleNotFound, RuleNotPaused.
    """
    kinds, rule = _find(uow, actor, name)
    args = {"org": uow.org_id, "rule": rule, "now": uow.now}
    ended = [kind for kind in kinds if uow.session.scalars(_END, args | {"kind": kind}).all()]
    if not ended:
        raise RuleNotPaused(name=rule)
    _move(uow, rule, ended, uow.now)
    _changed(uow, ended, Verdict(0, "resumed", rule, facts={"by": actor.id, "kinds": ended}))
    return rule


def _move(uow: UnitOfWork, rule: str, kinds: Sequence[Kind], until: datetime) -> None:
    if "dispatch" in kinds:
        uow.session.execute(_MOVE, {"org": uow.org_id, "rule": rule, "until": until})


def _changed(uow: UnitOfWork, kinds: Sequence[str], made: Verdict) -> None:
    """Write the override down; clocks that stand still, or go on, are computed anew in the background."""
    decisions.record(uow, "override", [made])
    if "recycle" in kinds:
        calendars.forget(uow)
        uow.defer(clocks.all_anew(uow))


def _find(uow: UnitOfWork, actor: Actor, name: str) -> tuple[list[Kind], str]:
    actor.need("rules")
    named: dict[Kind, list[str]] = {
        "dispatch": [rule.name for rule in uow.rules.dispatch],
        "recycle": [rule.name for rule in uow.rules.recycle],
    }
    given = name.strip().strip("\"'“”").casefold()
    every = list(dict.fromkeys([*named["dispatch"], *named["recycle"]]))
    for rule in every:
        if rule.casefold() == given:
            return [kind for kind, names in named.items() if rule in names], rule
    raise RuleNotFound(given=name.strip(), names=", ".join(every))
