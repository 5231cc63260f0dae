"""Shield a lead for a while, and look at a contact before the claim."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.arguments import RawRef, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.numbers import CHINESE, chinese
from bot.understanding.when import understand_when
from crm.errors import TimeVague
from crm.services import reveals, shields
from crm.services.leads import LeadView

MODULE = "core"
_SPAN = re.compile(rf"(?:for\s+)?({CHINESE})\s*(hours?|h|days?|d|weeks?|w|个?小时|天|周|个?星期)", re.IGNORECASE)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_CHINESE = {"时": "h", "天": "d", "周": "w", "期": "w"}


@command(
    "protect",
    "锁定",
    help=_("Shield a lead from going back to the pool, for some days"),
    example="protect L-1042 for 3 days",
    example_zh="锁定 L-1042 3天",
    topic="pool",
)
@action("lead.protect")
def protect(context: Context, lead: LeadView, when: Rest | None = None) -> Reply:
    shields.protect(context.uow, actor=context.actor, lead=lead, until=until_when(context, when or ""))
    return context.reply("lead", lead=lead.id, note="protected")


@command(
    "unprotect",
    "解锁",
    help=_("End the protection of a lead"),
    example="unprotect L-1042",
    example_zh="解锁 L-1042",
    topic="pool",
)
@action("lead.unprotect")
def unprotect(context: Context, lead: LeadView) -> Reply:
    shields.unprotect(context.uow, actor=context.actor, lead=lead)
    return context.reply("lead", lead=lead.id, note="unprotected")


@command(
    "reveal",
    "查看联系方式",
    help=_("Look at a pool lead's contact before you claim it"),
    example="reveal L-1042",
    example_zh="查看联系方式 L-1042",
    topic="pool",
)
@action("lead.reveal", guards=False)
def reveal(context: Context, ref: RawRef) -> Reply:
    shown = reveals.reveal(context.uow, actor=context.actor, ref=ref)
    context.stays()
    return context.beside("revealed", lead=shown)


def until_when(context: Context, words: str) -> datetime | None:
    """`until Friday`, `for 3 days`, `到周五`, `3天`; None where nothing is said. Raises TimeVague."""
    said = words.strip(" ,，。.")
    if not said:
        return None
    if span := _SPAN.fullmatch(said):
        unit = _CHINESE.get(span[2][-1], span[2][0].lower())
        return context.uow.now + chinese(span[1]) * _UNITS[unit]
    found = understand_when(said, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    if found is None or found.vague:
        raise TimeVague
    return found.at
