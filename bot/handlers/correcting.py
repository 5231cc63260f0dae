"""A follow-up that was understood wrongly is put right: one tap shows the choices, the next one corrects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot import times
from bot.arguments import Id, Word
from bot.context import Context, Reply
from bot.router import action
from crm.errors import OldCard
from crm.services import recent_leads, relogging
from crm.services.leads import LeadView

MODULE = "core"
FIELDS = ("outcome", "channel", "next", "stage", "amount")
_SPANS = {"3d": 3, "7d": 7}


@action("log.fix", guards=False)
def fix(context: Context, activity: Id, field: Word) -> Reply:
    """What it may have been instead."""
    if field not in FIELDS:
        raise OldCard
    relogging.lead_of(context.uow, actor=context.actor, activity_id=activity)
    return context.reply("fix", activity=int(activity), field=str(field))


@action("log.set", guards=False)
def set_(context: Context, activity: Id, field: Word, value: Word) -> Reply:
    """The right outcome, channel, next time or stage; a number that is no amount."""
    if field not in FIELDS:
        raise OldCard
    changes = _changes(context, str(field), str(value))
    return _corrected(context, relogging.correct(context.uow, actor=context.actor, activity_id=activity, **changes))


@action("log.keep", guards=False)
def keep(context: Context, activity: Id) -> Reply:
    """It was right after all."""
    return _corrected(context, activity)


@action("log.elsewhere", guards=False)
def elsewhere(context: Context, activity: Id) -> Reply:
    """It was about another lead: those that it may be."""
    relogging.lead_of(context.uow, actor=context.actor, activity_id=activity)
    found = recent_leads.likely(context.uow, actor=context.actor, most=recent_leads.MOST + 1)
    return context.reply("other_lead", activity=int(activity), leads=[lead.id for lead in found])


@action("log.move", guards=False)
def move(context: Context, activity: Id, lead: LeadView) -> Reply:
    """It belongs to this lead."""
    return _corrected(context, relogging.correct(context.uow, actor=context.actor, activity_id=activity, to=lead))


def _corrected(context: Context, activity: int) -> Reply:
    lead = relogging.lead_of(context.uow, actor=context.actor, activity_id=activity)
    return context.reply("logged", lead=lead, activity=int(activity), vague=False, guessed=False)


def _changes(context: Context, field: str, value: str) -> dict[str, Any]:
    if field == "next":
        return {"next_at": _time(context, value)}
    if field == "stage":
        return {"stage": value, "step": None}
    if field == "amount":
        return {"amount": None, "currency": None}
    return {field: value}


def _time(context: Context, value: str) -> datetime | None:
    if value == "none":
        return None
    if value in _SPANS:
        return times.morning(context, _SPANS[value])
    return times.moment(context, value)
