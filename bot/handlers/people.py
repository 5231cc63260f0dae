"""People as managers and admins see and change them: who is here, in which team and role, who has left or is back."""

from __future__ import annotations

import re

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.rules.access import Actor
from crm.services import hand_overs, leaving, members, people, teams

MODULE = "core"
_WHO = re.compile(r"^@?\s*(\S+)\s*(.*)$", re.DOTALL)
_ROLE = re.compile(r"^(?:role|角色|职位)\s*[:：]?\s*(.+)$", re.IGNORECASE)
_TEAM = re.compile(r"^(?:team|department|团队|部门)\s*[:：]?\s*(.+)$", re.IGNORECASE)
_MANAGER = re.compile(r"^(?:manager|boss|经理|上级|主管)\s*[:：]?\s*(.+)$", re.IGNORECASE)
LEFT, BACK = frozenset({"left", "离职"}), frozenset({"back", "返岗", "复职"})


@command(
    "people",
    "人员",
    help=_("Who is here, team by team: roles, managers and who is on duty now"),
    example="people North",
    example_zh="人员 华北",
    topic="managers",
)
@action("people", guards=False)
def list_people(context: Context, words: Rest | None = None) -> Reply:
    context.need_member()
    team = teams.named(context.uow, words) if words else None
    return context.reply("people", team=team.id if team else None)


@command(
    "member",
    "成员",
    help=_("One colleague; admins change role, team and manager"),
    example="member @Ann role manager",
    example_zh="成员 @李娜 角色 经理",
    topic="managers",
    roles="manager",
)
def member(context: Context, words: Rest) -> Reply:
    context.need_manager()
    who, said = _whose(context, words)
    if said.lower() in LEFT:
        return _left(context, who)
    if said.lower() in BACK:
        return _back(context, who)
    if said:
        _change(context, who, said)
        members.remember_past(context.uow, context.actor)
    hand_overs.may(context.actor, who)
    return context.reply("member", member=who.id)


@command(
    "member left",
    "离职",
    help=_("A colleague has left: signed off at once, and you are asked who takes over"),
    example="member left @Ann",
    example_zh="离职 @李娜",
    topic="managers",
    roles="manager",
)
def member_left(context: Context, name: Rest) -> Reply:
    context.need_manager()
    return _left(context, members.find(context.uow, name))


@command(
    "member back",
    "返岗",
    help=_("A colleague is back, and gets again what nobody has worked on since"),
    example="member back @Ann",
    example_zh="返岗 @李娜",
    topic="managers",
    roles="manager",
)
def member_back(context: Context, name: Rest) -> Reply:
    context.need_manager()
    return _back(context, members.find(context.uow, name))


@action("member.open", guards=False)
def open_member(context: Context, member_id: Id) -> Reply:
    hand_overs.may(context.need_manager(), members.get(context.uow, member_id))
    return context.reply("member", member=member_id)


@action("member.left", guards=False)
def tap_left(context: Context, member_id: Id) -> Reply:
    context.need_manager()
    return _left(context, members.get(context.uow, member_id))


@action("member.back", guards=False)
def tap_back(context: Context, member_id: Id) -> Reply:
    context.need_manager()
    return _back(context, members.get(context.uow, member_id))


@action("member.change", guards=False)
def change_member(context: Context, member_id: Id) -> Reply:
    """Role and team, chosen in a form."""
    context.need_admin()
    who = members.get(context.uow, member_id)
    role, team = context.fields.get("role"), context.fields.get("team")
    if not (role or team):
        return context.form("member_form", member=who.id)
    if role and role != who.role:
        people.set_role(context.uow, actor=context.actor, member=who, role=people.role_named(role))
    if team and team != str(who.department_id):
        chosen = next((each for each in teams.every(context.uow) if str(each.id) == team), None)
        people.set_team(context.uow, actor=context.actor, member=who, team=chosen or teams.named(context.uow, team))
    members.remember_past(context.uow, context.actor)
    return context.reply("member", member=who.id)


def _whose(context: Context, words: str) -> tuple[Actor, str]:
    found = _WHO.match(words.strip())
    if found is None:
        raise MissingArgument(example=_("member @Ann role manager"))
    return members.find(context.uow, found[1]), found[2].strip()


def _change(context: Context, who: Actor, said: str) -> None:
    """Raises MissingArgument where the words name nothing that can be changed."""
    actor, uow = context.need_admin(), context.uow
    if found := _ROLE.match(said):
        people.set_role(uow, actor=actor, member=who, role=people.role_named(found[1]))
    elif found := _TEAM.match(said):
        people.set_team(uow, actor=actor, member=who, team=teams.named(uow, found[1]))
    elif found := _MANAGER.match(said):
        people.set_manager(uow, actor=actor, member=who, manager=members.find(uow, found[1]))
    else:
        raise MissingArgument(example=_("member @Ann role manager"))


def _left(context: Context, who: Actor) -> Reply:
    leaving.leave(context.uow, actor=context.actor, member=who)
    members.remember_past(context.uow, context.actor)
    return context.reply("member_left", member=who.id)


def _back(context: Context, who: Actor) -> Reply:
    found = leaving.come_back(context.uow, actor=context.actor, member=who)
    members.remember_past(context.uow, context.actor)
    return context.reply("member_back", member=who.id, hand_over=found.id if found else 0)
