"""Free leads that wait for certain people: for the first tap of a rule's team, or for a manager's word at the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from crm.errors import Refusal
from crm.errors_of_offers import TeamOnly
from crm.period import Period
from crm.rules.access import Actor
from crm.rules.ruleset import Dispatch, Rules
from crm.services import calendars, candidates, decisions, members, offers, placing
from crm.services.decisions import Verdict
from crm.services.takeable import Takeable
from crm.uow import UnitOfWork

CHUNK = 500
BATCH = "desk"
FOR_SOME = ("offer", "group")

_HOLD = text(
    """
    update lead l set held_by = :by, held_since = coalesce(l.held_since, :now), held_until = h.until, held_for = h.rule,
           pool_id = coalesce(h.pool, l.pool_id), pool_entered_at = coalesce(l.pool_entered_at, :now),
           version = l.version + 1
    from unnest(cast(:leads as bigint[]), cast(:rules as text[]), cast(:pools as bigint[]),
                cast(:until as timestamptz[])) as h(lead, rule, pool, until)
    where l.org_id = :org and l.id = h.lead and l.owner_id is null and l.status = 'open'
    """
)
_GATHERING = text(
    "select id from run where org_id = :org and kind = 'desk' and at > :since and counters->>'rule' = :rule"
    " and rewound_at is null order by id desc limit 1"
)
_OVER = text(
    """
    select id, pool_id, held_for from lead
    where org_id = :org and held_until <= :now and held_by = 'group' and owner_id is null and status = 'open'
    order by held_until, id limit :chunk for no key update skip locked
    """
)


def to_group(
    uow: UnitOfWork, rules: Mapping[str, Dispatch], verdicts: Sequence[Verdict], pools: Mapping[int, int]
) -> None:
    """Lay leads into their pools, for a while for the rule's team alone, and owe the team the card.

    Args: pools: `{lead: pool}`.
    """
    by_rule = _by_rule(verdicts)
    for name, leads in by_rule.items():
        until = _until(uow, rules[name].exclusive_for)
        _hold(uow, "group", name, leads, until, pools)
        for pool in sorted({pools[lead] for lead in leads if lead in pools}):
            mine = [lead for lead in leads if pools.get(lead) == pool]
            uow.notify(
                "group.arrived", key=f"group:{name}:{mine[0]}:{uow.now.isoformat()}", together=f"group:{name}:{pool}",
                lead=mine[0] if len(mine) == 1 else None, due_at=uow.now + placing.GATHER,
                data={"pool": pool, "leads": mine[:200], "rule": name, "expires_at": until.isoformat()},
            )  # fmt: skip


def to_desk(uow: UnitOfWork, rules: Mapping[str, Dispatch], verdicts: Sequence[Verdict]) -> None:
    """Lay leads on the desk of the rule's managers: a card for all that come within a moment."""
    by_rule = _by_rule(verdicts)
    for name, leads in by_rule.items():
        run_id = _batch(uow, name)
        decisions.record(uow, "dispatch", [made for made in verdicts if made.rule == name], run_id=run_id)
        _hold(uow, "desk", name, leads, _until(uow, rules[name].desk_within), {})
        for manager in managers(uow, rules[name]):
            uow.notify(
                "desk.batch", to=manager, key=f"desk:{run_id}:{leads[0]}:{manager}", together=f"desk:{run_id}",
                data={"run": run_id, "leads": leads}, due_at=uow.now + placing.GATHER,
            )  # fmt: skip


def managers(uow: UnitOfWork, rule: Dispatch) -> list[int]:
    """On whose desk the rule's leads come: the managers of its people, else the admins."""
    people = candidates.of_rule(uow, rule)
    if not people:
        return members.managers_of_department(uow, None)
    return sorted({manager for one in people for manager in members.managers_of(uow, one.member_id)})


def open_groups(uow: UnitOfWork) -> int:
    """Open to the whole pool what no one of the team took in time; returns how many leads."""
    due = uow.session.execute(_OVER, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    if due:
        decisions.record(uow, "dispatch", [Verdict(row.id, "opened", row.held_for) for row in due])
        placing.into_pools(uow, {row.id: row.pool_id for row in due})
        uow.touch(*(row.id for row in due))
    return len(due)


def refusal(uow: UnitOfWork, actor: Actor, found: Takeable) -> Refusal | None:
    """Why a lead that waits for certain people is not this actor's to claim; None where it is."""
    until = found.held_until
    if found.lead.held_by == "offer":
        return offers.refuse_claim(uow, actor=actor, lead_id=found.lead.id, ref=found.ref)
    if until is None or until <= uow.now or actor.id in team(uow, found.held_for):
        return None
    return TeamOnly(ref=found.ref, until=until.isoformat())


def team(uow: UnitOfWork, name: str | None) -> set[int]:
    """The members whom that dispatch rule names; nobody when there is no such rule any more."""
    rule = named(uow.rules, name)
    return {one.member_id for one in candidates.of_rule(uow, rule)} if rule else set()


def named(rules: Rules, name: str | None) -> Dispatch | None:
    """The dispatch rule of that name."""
    return next((rule for rule in rules.dispatch if rule.name == name), None)


def _batch(uow: UnitOfWork, rule: str) -> int:
    """The batch to which leads of this moment belong."""
    since = uow.now - placing.GATHER
    found = uow.session.scalar(_GATHERING, {"org": uow.org_id, "since": since, "rule": rule})
    return int(found) if found else decisions.open_run(uow, BATCH, {"rule": rule})


def _by_rule(verdicts: Sequence[Verdict]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for made in verdicts:
        found.setdefault(str(made.rule), []).append(made.lead_id)
    return found


def _hold(uow: UnitOfWork, by: str, rule: str, leads: Sequence[int], until: datetime, pools: Mapping[int, int]) -> None:
    uow.session.execute(
        _HOLD,
        {
            "org": uow.org_id, "now": uow.now, "by": by, "leads": list(leads), "rules": [rule] * len(leads),
            "pools": [pools.get(lead) for lead in leads], "until": [until] * len(leads),
        },
    )  # fmt: skip
    uow.touch(*leads)


def _until(uow: UnitOfWork, period: Period) -> datetime:
    return calendars.for_team(uow, None).add(uow.now, period)
