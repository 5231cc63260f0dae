"""Offers: a lead is held out to one member for a while. Each offer ends once: accepted, declined, expired, withdrawn.

The lead is locked before its offer, always; what then finds the offer open settles it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.errors import LeadHeld, Refusal
from crm.errors_of_offers import LeadOnOffer, OfferedToYou
from crm.rules.access import Actor
from crm.rules.dispatch import Candidate
from crm.rules.ruleset import Dispatch, Rules
from crm.services import calendars, timeline
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

_BARRED = text(
    """
    select lead_id, member_id, case state when 'declined' then 'declined' else 'silent' end as why from offer
    where org_id = :org and lead_id = any(:leads) and state in ('declined', 'expired')
    union all
    select lead_id, member_id, 'no_response' from assignment
    where org_id = :org and lead_id = any(:leads) and ended_by = 'reoffered'
    """
)
_RESERVED = text(
    "select member_id, count(*) as many from offer"
    " where org_id = :org and member_id = any(:members) and state = 'open' group by member_id"
)
_OPEN = text(
    """
    with o as (
        select * from unnest(cast(:leads as bigint[]), cast(:members as bigint[]), cast(:rules as text[]),
                             cast(:decisions as bigint[]), cast(:until as timestamptz[]))
                      as o(lead, member, rule, decision, until)
    ), held as (
        update lead l set held_by = 'offer', held_since = coalesce(l.held_since, :now), held_until = o.until,
               held_for = o.rule, version = l.version + 1
        from o where l.org_id = :org and l.id = o.lead and l.owner_id is null and l.status = 'open'
        returning l.id
    ), line as (
        insert into activity (org_id, lead_id, for_id, verb, at, data, decision_id)
        select :org, o.lead, o.member, 'offered', :now, '{}', o.decision from o join held on held.id = o.lead
    )
    insert into offer (org_id, lead_id, member_id, rule, decision_id, state, offered_at, expires_at)
    select :org, o.lead, o.member, o.rule, o.decision, 'open', :now, o.until from o join held on held.id = o.lead
    order by o.decision, o.lead
    returning id, lead_id, member_id, expires_at
    """
)
_CLOSE = text(
    """
    update offer set state = :state, closed_at = :now, reason = :reason
    where org_id = :org and id = :id and state = 'open' and (:late or expires_at > :now)
    returning id
    """
)
_OF_LEAD = """
    select o.id, o.lead_id, o.member_id, o.rule, o.state, o.expires_at, l.number, l.owner_id, l.status, l.held_by,
           (select c.member_id from offer c where c.org_id = o.org_id and c.lead_id = o.lead_id and c.state = 'open')
             as now_with
    from offer o join lead l on l.org_id = o.org_id and l.id = o.lead_id
    where o.org_id = :org and {which}
"""
_LAST = text(_OF_LEAD.format(which="o.lead_id = :lead and o.member_id = :member order by o.id desc limit 1"))
_ONE = text(_OF_LEAD.format(which="o.id = :offer"))
_STANDING = text(_OF_LEAD.format(which="o.lead_id = :lead and o.state = 'open'"))
_MINE = text(_OF_LEAD.format(which="o.member_id = :member and o.state = 'open' and o.expires_at > :now order by o.id"))


@dataclass(frozen=True, slots=True)
class Held:
    """An offer and where its lead is now. `now_with`: to whom it is offered at this moment."""

    id: int
    lead_id: int
    member_id: int
    rule: str | None
    state: str
    expires_at: datetime
    number: int
    owner_id: int | None
    status: str
    held_by: str | None
    now_with: int | None

    @property
    def ref(self) -> str:
        return f"L-{self.number}"


def used(rules: Rules) -> bool:
    """Whether these rules offer, or take back what nobody answered; without, nobody is asked who is out."""
    return any(rule.mode == "offer" for rule in rules.dispatch) or any(
        rule.reoffer_after for rule in rules.first_response
    )


def barred(uow: UnitOfWork, lead_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    """Who had each lead held out or given, and did not take it up: `{lead: {member: reason code}}`."""
    found: dict[int, dict[int, str]] = {}
    if used(uow.rules):
        for row in uow.execute(_BARRED, {"org": uow.org_id, "leads": list(lead_ids)}):
            found.setdefault(row.lead_id, {})[row.member_id] = row.why
    return found


def reserve(uow: UnitOfWork, seats: Iterable[Candidate]) -> None:
    """Count what lies open before candidates as theirs, or one after the other would be offered to who has room."""
    by_id = {one.member_id: one for one in seats}
    if not used(uow.rules):
        return
    for row in uow.execute(_RESERVED, {"org": uow.org_id, "members": list(by_id)}):
        for _ in range(row.many):
            by_id[row.member_id].take()


def open_all(uow: UnitOfWork, rules: Mapping[str, Dispatch], verdicts: Sequence[Verdict]) -> None:
    """Hold leads out to the members whom the verdicts name, and owe them the cards."""
    if not verdicts:
        return
    people = calendars.for_members(uow, {made.member_id for made in verdicts if made.member_id})
    until = [
        people[made.member_id].add(uow.now, rules[str(made.rule)].accept_within)
        for made in verdicts if made.member_id
    ]  # fmt: skip
    args = {
        "org": uow.org_id, "now": uow.now, "leads": [made.lead_id for made in verdicts],
        "members": [made.member_id for made in verdicts], "rules": [made.rule for made in verdicts],
        "decisions": [made.decision_id for made in verdicts], "until": until,
    }  # fmt: skip
    for row in sorted(uow.session.execute(_OPEN, args), key=lambda row: row.id):
        uow.notify(
            "lead.offered", to=row.member_id, lead=row.lead_id, key=f"offered:{row.id}",
            data={"lead": row.lead_id, "offer": row.id, "expires_at": row.expires_at.isoformat()},
            together=f"offered:{row.member_id}",
        )  # fmt: skip
    uow.touch(*(made.lead_id for made in verdicts))


def close(uow: UnitOfWork, offer_id: int, state: str, *, reason: str | None = None) -> bool:
    """End an open offer; False when somebody was faster, or its time is over and it is to be answered."""
    args = {"org": uow.org_id, "id": offer_id, "state": state, "reason": reason, "now": uow.now}
    late = state in ("expired", "withdrawn")
    return uow.session.scalar(_CLOSE, args | {"late": late}) is not None


def last(uow: UnitOfWork, lead_id: int, member_id: int) -> Held | None:
    """The newest offer of that lead to that member, in whatever state."""
    args = {"org": uow.org_id, "lead": lead_id, "member": member_id}
    return _held(uow.session.execute(_LAST, args).one_or_none())


def get(uow: UnitOfWork, offer_id: int) -> Held | None:
    """One offer."""
    return _held(uow.session.execute(_ONE, {"org": uow.org_id, "offer": offer_id}).one_or_none())


def mine(uow: UnitOfWork, *, actor: Actor) -> list[Held]:
    """What is held out to the actor now, the oldest first."""
    rows = uow.execute(_MINE, {"org": uow.org_id, "member": actor.id, "now": uow.now})
    return [Held(*row) for row in rows]


def tell(uow: UnitOfWork, offer: Held, verb: str, *, words: str | None = None) -> None:
    """A line on the lead's timeline about what became of an offer."""
    timeline.note(uow, lead_id=offer.lead_id, verb=verb, actor_id=offer.member_id, words=words)
    uow.touch(offer.lead_id)


def refuse_claim(uow: UnitOfWork, *, actor: Actor, lead_id: int, ref: str) -> Refusal:
    """Why a lead that waits for somebody cannot be claimed."""
    found = _held(uow.session.execute(_STANDING, {"org": uow.org_id, "lead": lead_id}).one_or_none())
    if found is None:
        return LeadHeld(ref=ref, kept="offer")
    until = found.expires_at.isoformat()
    if found.member_id == actor.id:
        return OfferedToYou(ref=ref, until=until)
    return LeadOnOffer(ref=ref, by_id=found.member_id, until=until)


def _held(row: Any) -> Held | None:
    return Held(*row) if row is not None else None
