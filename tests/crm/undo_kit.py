"""What people do in the tests about undoing it."""

from datetime import timedelta
from decimal import Decimal

from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    creation,
    follow_ups,
    pipeline,
    tasks,
    warnings,
)
from crm.services.follow_ups import FollowUp


def log(note="called", **said):
    return lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=FollowUp(note, **said))


def to_stage(key):
    return lambda uow, actor, lead: pipeline.move(
        uow, actor=actor, lead=lead, stage=pipeline.find_stage(uow, lead.id, key)
    )


def won(uow, actor, lead):
    pipeline.won(uow, actor=actor, lead=lead, amount=Decimal(900), currency="CNY")


def lost(uow, actor, lead):
    pipeline.lost(uow, actor=actor, lead=lead, reason="too dear")


def release(uow, actor, lead):
    assignments.release(uow, actor=actor, lead=lead, reason="not my region")


def extend(uow, actor, lead):
    warnings.extend(uow, actor=actor, lead=lead, reason="budget in May")


def remind(uow, actor, lead):
    return tasks.remind(uow, actor=actor, lead=lead, at=uow.now + timedelta(hours=5)).id


def enter(phone, origin="self"):
    return lambda uow, actor: creation.new_lead(
        uow, actor=actor, contact=Arrival(name="Zoe", company="Zen", phone=phone), origin=origin
    )


def owned_for_a_day(desk):
    """A lead that Ann has had for a day, with a follow-up, so that its clocks are running."""
    lead = desk.make(owner="ann")
    desk.does("ann", log("hello"), lead)
    desk.time.advance(days=1)
    return lead


def claim(uow, actor, lead):
    assignments.claim(uow, actor=actor, ref=lead.ref)


def note(uow, actor, lead):
    follow_ups.note(uow, actor=actor, lead=lead, words="speaks French")
