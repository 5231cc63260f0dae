"""Leave, said in one line."""

from __future__ import annotations

import re
from datetime import date

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.when import find_moments
from crm.errors import TimeVague
from crm.rules.access import Actor
from crm.services import leaves, members

MODULE = "core"
_FOR = re.compile(r"^@(\S+)\s*(.*)$", re.DOTALL)
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
    found = _FOR.match(words)
    return (members.find(context.uow, found[1]), found[2].strip()) if found else (context.actor, words)


def _days(context: Context, who: Actor, words: str) -> tuple[date, date]:
    """`Friday`, `until Friday`, `1 May to 5 May`: the first and the last day. Raises TimeVague."""
    found = find_moments(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    days = [one.at.astimezone(context.actor.timezone).date() for one in found if not one.vague]
    if not days:
        raise TimeVague
    first = leaves.today(context.uow, who) if len(days) == 1 and _FROM_NOW.match(words) else days[0]
    return first, days[-1]
