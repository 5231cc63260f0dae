"""Follow-ups: what a rep did with a lead, said in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from crm.rules import quota
from crm.rules.access import Actor
from crm.services import assignments, clocks, lead_values, pipeline, tasks, timeline
from crm.services.leads import LeadView, need_workable
from crm.uow import UnitOfWork

# The person was not reached: the follow-up counts for the clocks, but is no contact in the funnel.
NOT_REACHED = frozenset({"no_answer", "wrong_number"})
# The person must not, or cannot, be called again: reminders and dispatch stop.
STOPS = frozenset({"do_not_contact", "wrong_number"})
# Steps that no words reach: a lead is closed by a command or a button of its own.
CLOSING = frozenset({"won", "lost"})


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What was understood of a sentence.

    `next_at` sets the next reminder, `next_words` says what it is about; `stage` is the open stage to move to, `step`
    the funnel step that the words speak of: it moves a lead forward, never back, and closes none.
    `occurred_at` is when it was, where that is not now; the clocks run from when it was recorded, all the same, which
    is `recorded_at` for one that is written anew to correct it. `named` are values that the words name, by their lists:
    they fill what is not known of the lead.
    """

    note: str
    outcome: str | None = None
    channel: str | None = None
    stage: str | None = None
    step: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    next_at: datetime | None = None
    next_words: str | None = None
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    named: Mapping[str, str] = field(default_factory=dict)


def log(uow: UnitOfWork, *, actor: Actor, lead: LeadView, said: FollowUp) -> int:
    """Write a follow-up: it counts from now, whatever day it speaks of; a next time replaces the earlier reminder.

    Returns: the activity's id. Raises: LeadNotYours, LeadClosed, TimeInPast, Conflict, FieldsNeeded for a chosen stage.
    """
    assignments.own(actor, lead)
    stops = said.outcome in STOPS
    made = _plan(uow, actor, lead, said, stops=stops)
    reached = said.outcome not in NOT_REACHED
    columns: dict[str, Any] = {"followed_up_at": said.recorded_at or uow.now}
    if reached and lead.contacted_at is None:
        columns["contacted_at"] = uow.now
    if said.amount is not None:
        columns |= {"amount": said.amount, "currency": said.currency or lead.currency}
    told = _stage_told(uow, lead, said)
    stage = told or _stage_reached(uow, lead, reached=reached and not said.stage)
    if stage and stage != lead.stage:
        columns |= {"stage": stage, "stage_entered_at": uow.now}
    filled = lead_values.fill(uow, lead, said.named)
    activity = timeline.change(
        uow, lead_id=lead.id, verb="logged", actor_id=actor.id,
        for_id=lead.owner_id if lead.owner_id != actor.id else None,
        words=said.note,
        data={
            "outcome": said.outcome, "channel": said.channel, "next": said.next_at, "stage": stage,
            "amount": said.amount is not None, **({"occurred": said.occurred_at} if said.occurred_at else {}),
            **({"step": said.step} if said.step else {}), **({"told": told} if told else {}),
            **({"filled": sorted(filled)} if filled else {}),
        },
        made=made | ({"values": filled} if filled else {}), owner=lead.owner_id, **columns,
    )  # fmt: skip
    assert activity is not None, "the lead was read in this transaction"
    if stops:
        _stop(uow, lead, str(said.outcome))
    if told:
        pipeline.recount(uow, lead)
    clocks.restart(uow, [lead.id])
    return activity


def note(uow: UnitOfWork, *, actor: Actor, lead: LeadView, words: str) -> int:
    """Write a line that moves no clock and is in nobody's way: an earlier change can still be undone. Of a customer who
    is set aside only admins write one. Raises PersonSetAside.
    """
    if not actor.is_admin:
        need_workable(lead)
    uow.touch(lead.id)
    return timeline.note(uow, lead_id=lead.id, verb="noted", actor_id=actor.id, words=words, undoable=True)


def _plan(uow: UnitOfWork, actor: Actor, lead: LeadView, said: FollowUp, *, stops: bool) -> dict[str, Any]:
    """The reminder that follows, and the ones it replaces."""
    made: dict[str, Any] = {}
    if said.next_at or stops:
        made["tasks_closed"] = tasks.close_open(uow, lead_id=lead.id, member_id=actor.id, state="done")
    if said.next_at and not stops:
        made["tasks_made"] = [
            tasks.insert(uow, member_id=actor.id, lead_id=lead.id, at=said.next_at, words=said.next_words or said.note)
        ]
    if stops:
        made["contact_state"] = [lead.person_id, lead.contact_state]
    return made


def _stage_told(uow: UnitOfWork, lead: LeadView, said: FollowUp) -> str | None:
    """The open stage that was chosen, or the first of the step that the words speak of, if it lies ahead.

    A follow-up must never be refused for its words, so these move no lead to where there is no room for it.
    """
    if said.stage:
        chosen = pipeline.find_stage(uow, lead.id, said.stage)
        lead_values.need(uow, lead, chosen.key)
        return chosen.key if chosen.funnel not in CLOSING and chosen.key != lead.stage else None
    if not said.step or said.step in CLOSING or said.outcome in STOPS:
        return None
    every = pipeline.stages(uow, lead.id)
    now = next((stage.position for stage in every if stage.key == lead.stage), None)
    ahead = next((stage for stage in every if stage.funnel == said.step), None)
    if now is None or ahead is None or ahead.position <= now or _fills(uow, lead, ahead.key):
        return None
    return None if lead_values.missing(uow, lead, ahead.key) else ahead.key


def _fills(uow: UnitOfWork, lead: LeadView, stage: str) -> bool:
    """Whether the lead would fill its owner's capacity in that stage, and does not now."""
    there, here = (quota.counts(uow.rules, origin=lead.origin, stage=each) for each in (stage, lead.stage))
    return there and not here


def _stage_reached(uow: UnitOfWork, lead: LeadView, *, reached: bool) -> str | None:
    """The first step on, once the person has been reached."""
    if reached and lead.funnel == "new":
        return next((stage.key for stage in pipeline.stages(uow, lead.id) if stage.funnel == "contacted"), None)
    return None


def _stop(uow: UnitOfWork, lead: LeadView, outcome: str) -> None:
    uow.session.execute(
        text("update person set contact_state = :state where org_id = :org and id = :person"),
        {"org": uow.org_id, "person": lead.person_id, "state": outcome},
    )
