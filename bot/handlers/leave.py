"""Leave, said in one line."""

from __future__ import annotations

import re
from datetime import date, timedelta

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import asking
from bot.router import action, command
from bot.understanding.when import When, find_moments
from crm.errors import TimeVague
from crm.rules.access import Actor
from crm.services import calendars, leaves, members

MODULE = "core"
_SOMEBODY = ("@", "＠")
_MONTH = re.compile(r"month|月", re.IGNORECASE)
_WEEK = 7
_FROM_NOW = re.compile(r"^(?:(?:until|till|to)\b|直到|到|至)", re.IGNORECASE)
_CANCEL = frozenset({"cancel", "取消", "back", "销假"})


@command(
    "leave",
    "请假",
    help=_("Days off: nothing is dealt to you, and working time stands still"),
    example="leave 1 May to 5 May",
    example_zh="请假 5月1日到5月5日",
    topic="on",
)
@action("leave", guards=False)
def leave(context: Context, words: Rest | None = None) -> Reply:
    who, said = _whose(context, (words or "").strip())
    if said.lower() in _CANCEL:
        leaves.cancel(context.uow, actor=context.actor, member=who)
    elif said:
        first, last = _days(context, who, said)
        leaves.take(context.uow, actor=context.actor, member=who, first=first, last=last)
    if said:
        members.remember_past(context.uow, context.actor)
    return context.reply("leave", member=who.id)


def _whose(context: Context, words: str) -> tuple[Actor, str]:
    return asking.addressed(context, words) if words.startswith(_SOMEBODY) else (context.actor, words)


def _days(context: Context, who: Actor, words: str) -> tuple[date, date]:
    """`Friday`, `next week`, `until Friday`, `1 May to 5 May`: the first and the last day. Raises TimeVague."""
    found = find_moments(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    firm = [one for one in found if not one.vague]
    if not firm:
        raise TimeVague
    today = leaves.today(context.uow, who)
    if len(firm) == 1 and _FROM_NOW.match(words):
        return today, _day(context, firm[0])
    first, _last = _stretch(context, who, words, firm[0])
    _first, last = _stretch(context, who, words, firm[-1])
    return (max(first, today) if firm[0].stretch and last >= today else first), last


def _day(context: Context, when: When) -> date:
    return when.at.astimezone(context.actor.timezone).date()


def _stretch(context: Context, who: Actor, words: str, when: When) -> tuple[date, date]:
    """The day that was said, a week up to its last working day, or a month. Raises TimeVague for more than that."""
    day = _day(context, when)
    if when.stretch == "week":
        return _week(context, who, day - timedelta(days=day.weekday()))
    if when.stretch and not _MONTH.search(words[slice(*when.span)]):
        raise TimeVague
    first = day.replace(day=1)
    return (first, _before_next(first)) if when.stretch else (day, day)


def _week(context: Context, who: Actor, monday: date) -> tuple[date, date]:
    calendar = calendars.for_member(context.uow, who.id)
    week = [monday + timedelta(days=days) for days in range(_WEEK)]
    return monday, max((day for day in week if calendar.works_on(day)), default=week[-1])


def _before_next(first: date) -> date:
    """The last day of the month."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
