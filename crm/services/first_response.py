"""The ladder of the first response: the owner is nudged, the manager hears of it, somebody else gets the lead."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from crm.rules.facts import LeadFacts
from crm.rules.first_response import Act, Step, applying, due
from crm.services import calendars, decisions, dispatch, lead_facts, members, ownership, response_clock
from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

CHUNK = 20  # some are dispatched anew, and a transaction stays short
KIND = "response"
OUTCOMES: dict[Act, str] = {"nudge": "nudged", "copy": "manager_told", "reoffer": "taken_back"}

_DUE = text(
    """
    select id, sla_step from lead where org_id = :org and sla_at <= :now
    order by sla_at, id limit :chunk for no key update skip locked
    """
)


def climb(uow: UnitOfWork) -> int:
    """Do what is due for want of a first response; returns how many leads were looked at. Twice is harmless.

    Of several steps that are due at once only the last is done.
    """
    rows = uow.session.execute(_DUE, {"org": uow.org_id, "now": uow.now, "chunk": CHUNK}).all()
    steps = {row.id: row.sla_step for row in rows}
    for lead in lead_facts.read(uow, list(steps)):
        _climb(uow, lead, steps[lead.id])
    return len(rows)


def _climb(uow: UnitOfWork, lead: LeadFacts, step: int) -> None:
    ladder = response_clock.ladder(uow, lead)
    over = [number for number in range(step, len(ladder)) if ladder[number].at <= uow.now]
    coming = over[-1] + 1 if over else step
    response_clock.write(uow, [(lead.id, ladder[coming].at if coming < len(ladder) else None, coming)])
    if over:
        _do(uow, lead, ladder[over[-1]])


def _do(uow: UnitOfWork, lead: LeadFacts, step: Step) -> None:
    rule, owner = applying(lead, uow.rules), lead.owner_id
    assert rule is not None
    assert owner is not None
    assert lead.begun_at is not None
    until = due(rule, lead.begun_at, calendars.for_member(uow, owner))
    facts = {"within": str(rule.within), "until": until.isoformat()}
    decisions.record(uow, KIND, [Verdict(lead.id, OUTCOMES[step.act], rule.name, owner, facts)])
    data = {"lead": lead.id, "owner": owner, "until": until.isoformat()}
    key = f"response:{lead.id}:{lead.begun_at.isoformat()}"
    match step.act:
        case "nudge":
            uow.notify(
                "response.nudge", to=owner, lead=lead.id, key=f"{key}:nudge", data=data, together=f"nudge:{owner}"
            )
        case "copy":
            for manager in members.managers_of(uow, owner):
                uow.notify(
                    "response.copy", to=manager, lead=lead.id, key=f"{key}:copy:{manager}", data=data,
                    together=f"response_copy:{manager}",
                )  # fmt: skip
        case "reoffer":
            _give_to_another(uow, lead, owner, rule.name, until)


def _give_to_another(uow: UnitOfWork, lead: LeadFacts, owner: int, rule: str, until: datetime) -> None:
    """Take the lead back and dispatch it anew; whoever had it is passed over from now on."""
    if ownership.take_back(
        uow, lead_id=lead.id, owner_id=owner, how="reoffered", reason=rule, actor_id=None, verb="taken_back"
    ):
        uow.notify(
            "response.taken_back", to=owner, lead=lead.id, key=f"taken_back:{lead.id}:{uow.now.isoformat()}",
            data={"lead": lead.id, "until": until.isoformat()}, together=f"taken_back:{owner}",
        )  # fmt: skip
        dispatch.dispatch(uow, lead.id)
