"""What a person decides over the rules: a lead is held or parked, a rule is paused, a run is taken back."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding import until
from bot.understanding.when import When, understand_when
from crm.errors import TimeInPast, TimeVague
from crm.errors_of_waiting import ReasonNeeded, RunNotFound
from crm.services import holding, members, nurturing, passing_on, pauses, rewinding
from crm.services.leads import LeadView

MODULE = "core"
_RUN = re.compile(r"^(?:[Rr]\s?[-－–—]?\s?)?(\d{1,12})$")
SHOWN = 10


@command(
    "nurture",
    "培育",
    help=_("Park a lead until a better time, or until something happens; it fills no capacity"),
    example="nurture L-1042 until 1 May their budget is next year",
    example_zh="培育 L-1042 到5月1日 明年才有预算",
    topic="leads",
    module="nurturing",
)
@action("lead.nurture", module="nurturing")
def nurture(context: Context, lead: LeadView, words: Rest | None = None) -> Reply:
    said = (words or context.fields.get("when") or "").strip()
    if not said:
        return context.form("nurture_form", lead=lead.id)
    signal = until.signal(said)
    found = None if signal else _moment(context, said)
    reason = " ".join(part for part in (until.reason(said, found) if found else "", context.fields.get("note")) if part)
    activity = nurturing.nurture(
        context.uow, actor=context.actor, lead=lead, until=found.at if found else None, signal=signal, reason=reason
    )
    return context.reply("aside", lead=lead.id, activity=activity)


@command(
    "my nurtured",
    "我的培育",
    help=_("Your parked leads, the next one to come back first"),
    example="my nurtured",
    example_zh="我的培育",
    topic="leads",
    module="nurturing",
)
@action("my.nurtured", guards=False, module="nurturing")
def nurtured(context: Context) -> Reply:
    found = nurturing.mine(context.uow, actor=context.actor, most=SHOWN)
    total = nurturing.count_mine(context.uow, actor=context.actor)
    return context.reply("nurtured", leads=[lead.id for lead in found], total=total)


@command(
    "hold",
    "暂缓",
    help=_("Nobody gets a lead, or its clock stands still, until a time you say, with a reason"),
    example="hold L-1042 until Friday they are moving house",
    example_zh="暂缓 L-1042 到周五 客户在搬家",
    topic="managers",
    roles="manager",
)
def hold(context: Context, lead: LeadView, words: Rest) -> Reply:
    found = _moment(context, words)
    reason = until.reason(words, found)
    if not reason:
        raise ReasonNeeded(example=_("hold L-1042 until Friday they are moving house"))
    activity = holding.hold(context.uow, actor=context.actor, lead=lead, until=found.at, reason=reason)
    return context.reply("aside", lead=lead.id, activity=activity)


@command(
    "unhold",
    "取消暂缓",
    "取消培育",
    help=_("End a hold, or have a parked lead back now"),
    example="unhold L-1042",
    example_zh="取消暂缓 L-1042",
    topic="leads",
)
@action("lead.unhold")
def unhold(context: Context, lead: LeadView, reason: Rest | None = None) -> Reply:
    if lead.held_by == "nurture":
        nurturing.fetch(context.uow, actor=context.actor, lead=lead)
        context.stays()
        return context.reply("woken", lead=lead.id)
    activity = holding.unhold(context.uow, actor=context.actor, lead=lead, reason=reason or "")
    return context.reply("aside", lead=lead.id, activity=activity)


@command(
    "rules pause",
    "暂停规则",
    "规则 暂停",
    help=_("Stop a rule until a time you say, with a reason; its leads wait in order"),
    example="rules pause East leads until Friday 18:00 new prices",
    example_zh="暂停规则 华东线索 到周五18点 调价",
    topic="managers",
    roles="manager",
)
def pause(context: Context, words: Rest | None = None) -> Reply:
    context.need_manager()
    if not words:
        return context.reply("pauses")
    name, rest = until.named(words)
    found = _moment(context, rest)
    reason = until.reason(rest, found)
    if not reason:
        raise ReasonNeeded(example=_("rules pause East leads until Friday 18:00 new prices"))
    pauses.pause(context.uow, actor=context.actor, name=name, until=found.at, reason=reason)
    context.stays()
    return context.reply("pauses")


@command(
    "rules resume",
    "恢复规则",
    "规则 恢复",
    help=_("Let a paused rule go on"),
    example="rules resume East leads",
    example_zh="恢复规则 华东线索",
    topic="managers",
    roles="manager",
)
@action("rule.resume", guards=False)
def resume(context: Context, name: Rest | None = None) -> Reply:
    actor = context.need_manager()
    if name:
        pauses.resume(context.uow, actor=actor, name=name)
        context.stays()
    return context.reply("pauses")


@command(
    "rewind",
    "撤回批次",
    help=_("The runs of the last day, to take one back as a whole"),
    example="rewind R-12",
    example_zh="撤回批次 R-12",
    topic="managers",
    roles="manager",
)
@action("run.rewind", guards=False)
def rewind(context: Context, which: Rest | None = None) -> Reply:
    actor = context.need_manager()
    if not which:
        return context.reply("runs")
    found = _RUN.match(which.strip())
    if found is None:
        raise RunNotFound(given=which.strip())
    rewinding.rewind(context.uow, actor=actor, run_id=int(found[1]))
    context.stays()
    return context.reply("rewinding", run=int(found[1]))


def _moment(context: Context, words: str) -> When:
    """The firm moment in the words, and where it stands. Raises TimeVague, TimeInPast."""
    found = understand_when(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    if found is None or found.vague or found.at is None:
        raise TimeVague
    if found.past:
        raise TimeInPast
    return found


@command(
    "hand over",
    "移交",
    help=_("Give one of your leads to a colleague of your team"),
    example="hand over L-1042 @Bob",
    example_zh="移交 L-1042 @王强",
    topic="pool",
)
@action("lead.hand_over")
def hand_over(context: Context, lead: LeadView, name: Rest | None = None) -> Reply:
    chosen = context.fields.get("to") or ""
    if not (name or chosen.isdigit()):
        return context.form("hand_over_form", lead=lead.id)
    to = members.find(context.uow, name) if name else members.get(context.uow, int(chosen))
    passing_on.hand_over(context.uow, actor=context.actor, lead=lead, to=to)
    return context.reply("handed_over", leads=[lead.id], to=to.id)
