"""The team's digest: now, or by itself each day or week, here or in private."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.rules.sections.watching import DAYS
from crm.services import departments, digest_orders, members

MODULE = "digests"
_CHINESE_DAYS = "一二三四五六日"
_OFF = re.compile(r"\b(?:off|stop|none)\b|关闭?|取消|停止?", re.IGNORECASE)
_WEEKLY = re.compile(
    r"(?:\b(?:weekly|every week)\b|每周|每星期|周报)\s*(?:on\s+)?"
    r"(?:(mon|tue|wed|thu|fri|sat|sun)[a-z]*|(?:周|星期)?([一二三四五六日天]))?",
    re.IGNORECASE,
)
_DAILY = re.compile(r"\b(?:daily|every day)\b|每天|每日", re.IGNORECASE)
_AT = re.compile(
    r"(?:\bat\s+)?(?<!\d)([01]?\d|2[0-3])(?:[:：]([0-5]\d)|点(半)?)|(?:\bat\s+)?(?<!\d)(1[0-2]|0?[1-9])\s*(am|pm)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was said. `every` and `at` None: not said; `rest` names a team."""

    off: bool
    every: str | None
    at: time | None
    rest: str

    @property
    def regular(self) -> bool:
        return self.off or self.every is not None or self.at is not None


@command(
    "digest",
    "日报",
    help=_("The team's digest, now; daily, weekly or off for when it comes by itself"),
    example="digest East weekly 18:00",
    example_zh="日报 华东 每周 18:00",
    topic="managers",
    roles="manager",
)
@action("digest", guards=False)
def digest(context: Context, words: Rest | None = None) -> Reply:
    actor = context.need_manager()
    asked = understood(words or "")
    named = departments.find(context.uow, actor=actor, words=asked.rest).id if asked.rest else None
    if asked.regular:
        return _order(context, asked, named)
    day = context.uow.now.astimezone(actor.timezone).date()
    return context.reply("digest", department=named or next(iter(actor.manages), None), day=day.isoformat())


def _order(context: Context, asked: Asked, named: int | None) -> Reply:
    """From now on it comes here: to the bound group that this was said in, else to whoever said it."""
    place = digest_orders.place_of(
        context.uow, context.actor, context.workspace.id, context.interaction.conversation
    )  # fmt: skip
    if asked.off:
        digest_orders.cancel(context.uow, place, department_id=named, every_team=named is None)
    else:
        team = named or place.department or next(iter(context.actor.manages), None)
        every = asked.every or digest_orders.DAILY
        digest_orders.order(context.uow, place, department_id=team, every=every, at=asked.at)
    members.remember_past(context.uow, context.actor)
    return context.reply("digest_order", group=place.group)


def understood(words: str) -> Asked:
    """`East weekly friday 18:00`, `off`, 华东 每周五 18点."""
    off, weekly, daily, at = (found.search(words) for found in (_OFF, _WEEKLY, _DAILY, _AT))
    rest = words
    for found in (_OFF, _WEEKLY, _DAILY, _AT):
        rest = found.sub(" ", rest)
    every = _weekday(weekly) if weekly else digest_orders.DAILY if daily else None
    return Asked(bool(off), every, _clock(at) if at else None, " ".join(rest.split()))


def _weekday(found: re.Match[str]) -> str:
    if found[1]:
        return found[1].lower()
    return DAYS[_CHINESE_DAYS.index(found[2].replace("天", "日"))] if found[2] else digest_orders.WEEKLY


def _clock(found: re.Match[str]) -> time:
    if found[4]:
        return time(int(found[4]) % 12 + (12 if found[5].lower() == "pm" else 0))
    return time(int(found[1]), int(found[2] or (30 if found[3] else 0)))
