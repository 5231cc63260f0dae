"""The own leads as a member wants them: stars, an order, filters in words, lists under a name, and the next one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from bot.arguments import Id, RawRef, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.filters import read_filters
from crm.errors import BadArgument
from crm.rules.wanted import ORDERS, Order, Said, Wanted
from crm.services import agenda, catalogue, leads, members, orders, recent_leads, saved_lists
from crm.services.leads import LeadView

MODULE = "core"
SHOWN = 10
_IS = re.compile(r"\s*[=＝:：]\s*")
_REMOVE = re.compile(r"(?:remove|delete|drop|删除|移除|去掉)\s*(?P<name>.*)", re.IGNORECASE | re.DOTALL)
_BY = re.compile(r"^(?:by|按|按照)\s*", re.IGNORECASE)
# What people call an order, beside its own name.
_ORDERS: dict[str, Order] = {
    "urgency": "urgent", "default": "urgent", "紧急": "urgent", "默认": "urgent", "回收": "urgent",
    "time": "due", "next": "due", "reminder": "due", "到期": "due", "时间": "due", "提醒": "due", "待办": "due",
    "points": "score", "评分": "score", "分数": "score", "得分": "score",
    "new": "newest", "latest": "newest", "最新": "newest", "新": "newest",
    "阶段": "stage", "money": "amount", "value": "amount", "金额": "amount",
    "star": "starred", "stars": "starred", "星标": "starred",
}  # fmt: skip


@command(
    "my",
    "mine",
    "我的线索",
    "我的",
    help=_("Your leads in your order; words narrow them down"),
    example="my stage quote, amount over 50k",
    example_zh="我的线索 阶段 报价，金额5万以上",
    topic="leads",
)
@action("my")
def my(context: Context, words: Rest | None = None) -> Reply:
    given = (words or "").strip()
    if not given:
        return _listed(context, Wanted())
    saved = saved_lists.find(context.uow, actor=context.actor, name=given)
    if saved:
        return _listed(context, saved.wanted, saved.name)
    wanted = saved_lists.understood(context.uow, actor=context.actor, said=read_words(context, given))
    saved_lists.remember(context.uow, actor=context.actor, wanted=wanted)
    return _listed(context, wanted)


def read_words(context: Context, words: str) -> list[Said]:
    """Filters in words, by the company's own fields too."""
    fields = catalogue.of(context.uow).open_fields
    return read_filters(words, {name: one.key for one in fields for name in one.words})


def _listed(context: Context, wanted: Wanted, name: str = "") -> Reply:
    found = agenda.mine(context.uow, actor=context.actor, wanted=wanted, most=SHOWN)
    args: dict[str, Any] = {"leads": [lead.id for lead in found.each], "total": found.total}
    if not wanted.is_all:
        args |= {"wanted": saved_lists.plain(wanted), "saved": name}
    return replace(context.reply("my", **args), known={"found": found.each})


@command(
    "next",
    "下一个",
    "下一条",
    help=_("The lead of yours to turn to now"),
    example="next",
    example_zh="下一个",
    topic="leads",
)
def following(context: Context) -> Reply:
    """After the one that was dealt with last here."""
    last = recent_leads.last(context.uow, actor=context.actor, place=context.place)
    return _after(context, last.number if last else None)


@action("lead.next", guards=False)
def next_lead(context: Context, ref: RawRef) -> Reply:
    """After the one whose card was tapped, which may have moved on."""
    return _after(context, leads.parse_ref(ref))


def _after(context: Context, number: int | None) -> Reply:
    found = agenda.following(context.uow, actor=context.actor, but=number)
    return context.beside("lead", lead=found.id, note="") if found else context.beside("today")


@command(
    "star",
    "星标",
    "加星",
    help=_("Mark a lead for yourself; once more takes the mark away"),
    example="star L-1042",
    example_zh="星标 L-1042",
    topic="leads",
    module="own_lists",
)
@action("lead.star", guards=False, module="own_lists")
def star(context: Context, lead: LeadView) -> Reply:
    return _marked(context, lead, on=None)


@command(
    "unstar",
    "取消星标",
    help=_("Take the mark away"),
    example="unstar L-1042",
    example_zh="取消星标 L-1042",
    topic="leads",
    module="own_lists",
)
def unstar(context: Context, lead: LeadView) -> Reply:
    return _marked(context, lead, on=False)


def _marked(context: Context, lead: LeadView, *, on: bool | None) -> Reply:
    members.remember_setting(context.uow, context.actor, "star", f"{lead.id} {'on' if lead.starred else 'off'}")
    starred = orders.star(context.uow, actor=context.actor, lead=lead, on=on)
    return context.reply("lead", lead=lead.id, note="starred" if starred else "unstarred")


@command(
    "sort",
    "排序",
    help=_("The order in which you work: my, today and next follow it"),
    example="sort by score",
    example_zh="排序 评分",
    topic="leads",
    module="own_lists",
)
@action("my.sort", guards=False, module="own_lists")
def sort(context: Context, words: Rest | None = None) -> Reply:
    actor = context.need_member()
    given = _BY.sub("", (words or "").strip()).lower()
    if not given:
        return context.reply("sort")
    chosen = next((order for order in ORDERS if order == given), None) or _ORDERS.get(given)
    if chosen is None:
        raise BadArgument(given=given, example=_("sort by score"))
    members.remember_setting(context.uow, actor, "sort", actor.sort)
    orders.sort(context.uow, actor=actor, by=chosen)
    context.viewer = context.member = members.get(context.uow, actor.id)
    return context.reply("sort", chosen=chosen) if not context.tapped else _listed(context, Wanted())


@command(
    "list",
    "lists",
    "清单",
    help=_("Lists under a name: list hot = stage quote, starred; then list hot"),
    example="list hot = stage quote, amount over 50k, starred",
    example_zh="清单 重点 = 阶段 报价，金额5万以上，星标",
    topic="leads",
    module="own_lists",
)
@action("lists", guards=False, module="own_lists")
def saved(context: Context, words: Rest | None = None) -> Reply:
    given = (words or "").strip()
    if not given:
        context.need_member()
        return context.reply("lists")
    if forget := _REMOVE.fullmatch(given):
        gone = saved_lists.remove(context.uow, actor=context.actor, name=forget["name"])
        members.remember_past(context.uow, context.actor)
        return context.reply("lists", gone=gone)
    name, is_, filters = _named(given)
    if not is_:
        found = saved_lists.get(context.uow, actor=context.actor, name=name)
        return _listed(context, found.wanted, found.name)
    wanted = saved_lists.understood(context.uow, actor=context.actor, said=read_words(context, filters))
    kept = saved_lists.save(context.uow, actor=context.actor, name=name, wanted=wanted)
    members.remember_past(context.uow, context.actor)
    return _listed(context, kept.wanted, kept.name)


def _named(given: str) -> tuple[str, bool, str]:
    """The name, whether it is defined here, and what it shall stand for."""
    parts = _IS.split(given, maxsplit=1)
    return parts[0], len(parts) > 1, parts[-1]


@command(
    "save",
    "保存",
    help=_("Keep what my has just shown as a list"),
    example="save hot",
    example_zh="保存 重点",
    topic="leads",
    module="own_lists",
)
@action("list.save", guards=False, module="own_lists")
def save(context: Context, name: Rest | None = None) -> Reply:
    given = context.fields.get("name") or name
    wanted = saved_lists.last(context.uow, actor=context.actor)
    if not given:
        return context.form("list_form")
    kept = saved_lists.save(context.uow, actor=context.actor, name=given, wanted=wanted)
    members.remember_past(context.uow, context.actor)
    return _listed(context, kept.wanted, kept.name)


@action("list.open", guards=False, module="own_lists")
def show(context: Context, number: Id) -> Reply:
    found = saved_lists.numbered(context.uow, actor=context.actor, list_id=number)
    return _listed(context, found.wanted, found.name)


@action("list.remove", guards=False, module="own_lists")
def remove(context: Context, number: Id) -> Reply:
    found = saved_lists.numbered(context.uow, actor=context.actor, list_id=number)
    return context.reply("lists", gone=saved_lists.remove(context.uow, actor=context.actor, name=found.name))
