"""The tree of teams, and the rota: who is on duty in which hours of the week."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.rules import duty as rota
from crm.services import duties, members, teams

MODULE = "core"
_NEW = re.compile(r"^(?:new|新建)\s+(.+?)(?:\s+(?:under|in|属于|上级)\s+(.+))?$", re.IGNORECASE)
_RENAME = re.compile(r"^(?:rename|改名)\s+(.+?)\s+(?:to|为|->|→)\s+(.+)$", re.IGNORECASE)
_MOVE = re.compile(r"^(?:move|移动)\s+(.+?)\s+(?:under|to|into|到)\s+(.+)$", re.IGNORECASE)
_CLOSE = re.compile(r"^(?:close|关闭|撤销)\s+(.+)$", re.IGNORECASE)
_WHO = re.compile(r"^@\s*(\S+)\s*(.*)$", re.DOTALL)
_OFF = frozenset({"off", "none", "clear", "取消", "无"})


@command(
    "team",
    "团队",
    help=_("The tree of teams; admins make, rename, move and close them"),
    example="team new East under Sales",
    example_zh="团队 新建 华东 属于 销售部",
    topic="setup",
)
@action("team", guards=False)
def team(context: Context, words: Rest | None = None) -> Reply:
    context.need_member()
    if words:
        _change(context, words.strip())
        members.remember_past(context.uow, context.actor)
    return context.reply("teams")


@command(
    "duty",
    "值班",
    help=_("Who is on duty when; managers set the hours: duty @Ann Mon-Fri 9-18"),
    example="duty @Ann Mon-Fri 9-18",
    example_zh="值班 @李娜 周一到周五 9点到18点",
    topic="on",
)
@action("duty", guards=False)
def duty(context: Context, words: Rest | None = None) -> Reply:
    context.need_member()
    said = (words or "").strip()
    found = _WHO.match(said)
    if said and found is None:
        raise MissingArgument(example=_("duty @Ann Mon-Fri 9-18"))
    if found and found[2].strip():
        _put(context, found[1], found[2].strip())
        members.remember_past(context.uow, context.actor)
    return context.reply("rota")


def _put(context: Context, name: str, said: str) -> None:
    who = members.find(context.uow, name)
    if said.lower() in _OFF:
        duties.clear(context.uow, actor=context.actor, member=who)
        return
    shift = rota.parse(said)
    if shift is None:
        raise MissingArgument(example=_("duty @Ann Mon-Fri 9-18"))
    duties.put(
        context.uow, actor=context.actor, member=who, days=shift.weekdays, opens=shift.opens, closes=shift.closes
    )  # fmt: skip


def _change(context: Context, said: str) -> None:
    """Raises MissingArgument where the words are no change."""
    uow, actor = context.uow, context.need_admin()
    if found := _NEW.match(said):
        under = teams.named(uow, found[2]) if found[2] else None
        teams.make(uow, actor=actor, name=found[1], under=under)
    elif found := _RENAME.match(said):
        teams.rename(uow, actor=actor, team=teams.named(uow, found[1]), name=found[2])
    elif found := _MOVE.match(said):
        teams.move(uow, actor=actor, team=teams.named(uow, found[1]), under=teams.named(uow, found[2]))
    elif found := _CLOSE.match(said):
        teams.close(uow, actor=actor, team=teams.named(uow, found[1]))
    else:
        raise MissingArgument(example=_("team new East under Sales"))
