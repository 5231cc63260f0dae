"""Two people look like one: somebody in charge is asked, or a rule decides; a pair is asked about once for ever.

Who is asked is whoever manages the owner of the customer known before. Without an answer in time they are kept apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from crm.errors import Conflict, LeadNotFound
from crm.errors_of_merging import AlreadyDecided, NotAskedYou
from crm.rules.access import Actor
from crm.services import arbitration_asked, arbitration_outcomes, calendars, decisions, duplicates, merging, pairs
from crm.services.decisions import Verdict
from crm.services.duplicates import Near
from crm.services.pairs import Answer, Pair
from crm.uow import UnitOfWork

STATES: dict[str, str] = {
    "same": "same", "different": "different", "share": "shared", "transfer": "transferred",
}  # fmt: skip
CHUNK = 100

_NEW = text(
    """
    select l.id, l.person_id, l.owner_id from lead l join person p on p.org_id = l.org_id and p.id = l.person_id
    where l.org_id = :org and l.id = any(:leads) and l.status = 'open' and p.merged_into is null order by l.id
    """
)
_PAIR = text(
    """
    insert into duplicate (org_id, left_id, right_id, job_id, lead_id, score, reasons, state, asked_id, by_id, at,
                           due_at)
    values (:org, :left, :right, :job, :lead, :score, cast(:reasons as jsonb), :state, :asked, :by, :now, :due)
    on conflict (org_id, left_id, right_id) do nothing returning id
    """
)
# The same list of one member about the same customer, whoever sent it anew: nobody is asked twice.
_ASKED = text(
    """
    select d.id from duplicate d
    join import_job was on was.org_id = d.org_id and was.id = d.job_id
    join import_job anew on anew.org_id = d.org_id and anew.id = :job
    where d.org_id = :org and d.left_id = :known and d.by_id = :by and d.state = 'asked' and was.digest = anew.digest
    order by d.id limit 1
    """
)
_DUE = text(
    "select id from duplicate where org_id = :org and state = 'asked' and due_at <= :now"
    " order by due_at, id limit :chunk for update skip locked"
)
_DECIDED = text(
    """
    update duplicate set state = :state, decided_at = :now, decided_by = :by, merge_id = :merge,
           right_id = coalesce(right_id, :right)
    where org_id = :org and id = :pair
    """
)


def look(uow: UnitOfWork, lead_ids: Sequence[int]) -> int:
    """Compare the people of new leads with all who are known; returns for how many something came of it."""
    least = uow.rules.dedupe.least
    if least is None:
        return 0
    rows = uow.session.execute(_NEW, {"org": uow.org_id, "leads": list(lead_ids)}).all()
    return sum(_look(uow, row, least) for row in rows)


def may_decide(actor: Actor, pair: Pair) -> bool:
    """Who was asked, and admins."""
    return actor.is_admin or actor.id == pair.asked_id


def ask(uow: UnitOfWork, *, actor: Actor, job_id: int, found: Near) -> int:
    """A member who is about to enter somebody asks first; returns the number of the question, of the open one where
    the same was asked already.
    """
    args = {"org": uow.org_id, "job": job_id, "known": found.person_id, "by": actor.id}
    open_one: int | None = uow.session.scalar(_ASKED, args)
    return open_one or _ask(uow, found, new_id=None, lead_id=None, job_id=job_id, by=actor)


def decide(uow: UnitOfWork, *, actor: Actor, pair_id: int, answer: Answer) -> Pair:
    """Settle a pair. Raises LeadNotFound, NotAskedYou, AlreadyDecided, Conflict, and what a transfer refuses."""
    pair = pairs.lock(uow, pair_id)
    if pair is None:
        raise LeadNotFound(ref="–")
    if not may_decide(actor, pair):
        raise NotAskedYou(asked_id=pair.asked_id)
    if pair.state != "asked":
        raise AlreadyDecided
    outcome = arbitration_outcomes.carry_out(uow, pair, answer, by=actor)
    _settle(uow, pair, STATES[answer], outcome, by=actor)
    settled = pairs.get(uow, pair_id)
    assert settled is not None, "the row is locked by this transaction"
    return settled


def time_out(uow: UnitOfWork) -> int:
    """Keep apart those about whom nobody has decided in time; returns how many. Twice is harmless."""
    due = uow.session.scalars(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    for pair_id in due:
        pair = pairs.get(uow, pair_id)
        assert pair is not None, "the row is locked by this transaction"
        outcome = arbitration_outcomes.carry_out(uow, pair, "different", by=None)
        _settle(uow, pair, "kept_apart", outcome, by=None)
    return len(due)


def _look(uow: UnitOfWork, row: Row[Any], least: int) -> bool:
    (who,) = duplicates.facts(uow, [row.person_id]) or (None,)
    if who is None:
        return False
    seen = duplicates.decided(uow, row.person_id)
    found = next((one for one in duplicates.near(uow, who, least=least) if one.person_id not in seen), None)
    if found is None:
        return False
    automatic = uow.rules.dedupe.automatic
    if automatic is not None and found.alike.points >= automatic:
        return _join(uow, found, row)
    if uow.rules.dedupe.ask is None:
        return False
    return _ask(uow, found, new_id=row.person_id, lead_id=row.id) > 0


def _join(uow: UnitOfWork, found: Near, row: Row[Any]) -> bool:
    """Made one by the rule; whoever was faster is left alone."""
    try:
        merged = merging.join(uow, found.person_id, row.person_id, by=None, how="policy")
    except Conflict:
        return False
    values = _values(uow, found, new_id=row.person_id, lead_id=row.id)
    pair = uow.session.scalar(_PAIR, values | {"state": "same"})
    done = {"org": uow.org_id, "now": uow.now, "state": "same", "by": None, "merge": merged.id, "right": None}
    uow.session.execute(_DECIDED, done | {"pair": pair})
    return True


def _ask(
    uow: UnitOfWork, found: Near, *, new_id: int | None, lead_id: int | None, job_id: int | None = None,
    by: Actor | None = None,
) -> int:  # fmt: skip
    asked = arbitration_asked.whom(uow, found.person_id, lead_id)
    due = calendars.for_member(uow, asked).add(uow.now, uow.rules.dedupe.time_out)
    values = _values(uow, found, new_id=new_id, lead_id=lead_id)
    more = {"state": "asked", "asked": asked, "due": due, "job": job_id, "by": by.id if by else None}
    pair: int | None = uow.session.scalar(_PAIR, values | more)
    if pair is None:
        return 0
    if lead_id:
        facts = {"points": found.alike.points, "asked": asked}
        decisions.record(uow, merging.KIND, [Verdict(lead_id, "alike", member_id=asked, facts=facts)])
    uow.notify("duplicate.found", to=asked, lead=lead_id, key=f"duplicate:{pair}", data={"pair": pair, "lead": lead_id})
    return pair


def _values(uow: UnitOfWork, found: Near, *, new_id: int | None, lead_id: int | None) -> dict[str, Any]:
    """The row of a pair; whoever was known before has the smaller number."""
    both = (found.person_id, new_id) if new_id is None else tuple(sorted((found.person_id, new_id)))
    return {
        "org": uow.org_id, "now": uow.now, "left": both[0], "right": both[1], "lead": lead_id, "job": None,
        "score": found.alike.points, "reasons": json.dumps(found.alike.stored()), "asked": None, "by": None,
        "due": None,
    }  # fmt: skip


def _settle(
    uow: UnitOfWork, pair: Pair, state: str, outcome: arbitration_outcomes.Outcome, *, by: Actor | None
) -> None:
    args = {"org": uow.org_id, "now": uow.now, "state": state, "by": by.id if by else None, "pair": pair.id}
    uow.session.execute(_DECIDED, args | {"merge": outcome.merge_id, "right": outcome.person_id})
    if pair.lead_id and state not in ("same", "transferred"):
        facts = {"points": pair.score, "by": by.id if by else None}
        decisions.record(uow, merging.KIND, [Verdict(pair.lead_id, state, facts=facts)])
    if pair.lead_id:
        uow.touch(pair.lead_id)
