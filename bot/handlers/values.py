"""Managed lists and the company's own fields, kept by admins and marketing: what leads carry is said one way only."""

from __future__ import annotations

import re
from typing import Any

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from bot.understanding.field_words import read_field, read_settings
from bot.understanding.value_words import SaidOfList, read_name, read_verb
from crm.errors import MissingArgument
from crm.rules.catalogue import LISTS, Catalogue, folded
from crm.services import catalogue, field_edits, list_edits, members
from crm.services.field_edits import NewField
from crm.services.list_edits import Changed, New

MODULE = "core"
LONGEST_NAME = 4  # words of a list's or a field's name
_TO = re.compile(r"^(?:to|is|给|为|是)\s+", re.IGNORECASE)
_NOBODY = frozenset({"none", "nobody", "no one", "-", "无", "没有", "没人"})
_FIELDS = frozenset({"fields", "field", "字段", "自定义字段"})


@command(
    "values",
    "选项",
    help=_("The managed lists and own fields: show, add, rename, merge, retire, order, owner"),
    example="values products add Gizmo",
    example_zh="选项 产品 添加 小玩意",
    topic="setup",
    roles="marketing",
)
@action("values", guards=False)
def values(context: Context, words: Rest | None = None) -> Reply:
    """`values` alone shows which lists there are, `values products` one of them."""
    context.need_member()
    given = (words or "").strip()
    if not given:
        return context.reply("values")
    name, rest = _list_first(catalogue.of(context.uow), given)
    if name == field_edits.LIST:
        return _fields(context, rest)
    if not rest:
        return context.reply("values_list", list=name)
    said = read_verb(rest)
    if said is None or not (said.words or said.verb == "default"):
        raise MissingArgument(example=_("values products add Gizmo / 小玩意 = gizmo 3000"))
    changed = owned(context, name, said.words) if said.verb == "owner" else _changed(context, name, said)
    return _shown(context, changed)


def new_field(words: str) -> NewField:
    """A field as somebody describes it: `Budget / 预算 amount, required at quote`."""
    said = read_field(words)
    named = map(read_name, said.choices)
    return NewField(
        said.name, said.kind or ("choice" if said.choices else "text"), said.name_zh, required=said.required or "",
        sensitive=bool(said.sensitive), shown=said.shown is not False,
        choices=tuple(New(one.name, one.name_zh, one.aliases) for one in named),
    )  # fmt: skip


def _list_first(lists: Catalogue, words: str) -> tuple[str, str]:
    """The list that the words begin with, and the words after it. Raises ListUnknown."""
    parts = words.split(maxsplit=1)
    if folded(parts[0]) in _FIELDS:
        return field_edits.LIST, parts[1] if len(parts) > 1 else ""
    heads = words.split()
    for size in range(min(len(heads), LONGEST_NAME), 1, -1):
        head = " ".join(heads[:size])
        if folded(head) in {folded(one) for one in LISTS} | {word for one in lists.fields for word in one.words}:
            return list_edits.list_named(lists, head), " ".join(heads[size:])
    return list_edits.list_named(lists, heads[0]), " ".join(heads[1:])


def _changed(context: Context, name: str, said: SaidOfList) -> Changed:
    where: dict[str, Any] = {"actor": context.actor, "name": name}
    match said.verb:
        case "add":
            named = read_name(said.words)
            return list_edits.add(
                context.uow, **where, new=New(named.name, named.name_zh, named.aliases, step=named.step)
            )
        case "rename":
            to = read_name(said.other)
            return list_edits.rename(context.uow, **where, words=said.words, new=New(to.name, to.name_zh, to.aliases))
        case "merge" if said.other:
            return list_edits.merge(context.uow, **where, words=said.words, into=said.other)
        case "retire" | "restore":
            return list_edits.retire(context.uow, **where, words=said.words, back=said.verb == "restore")
        case "order":
            return list_edits.order(context.uow, **where, words=said.each)
        case "default":
            return list_edits.standard(context.uow, **where, words=said.words)
    raise MissingArgument(example=_("values products merge Gizmo 3 into Gizmo"))


def owned(context: Context, name: str, words: str) -> Changed:
    """`Expo @Ann`: Ann looks after it. The value's name is as long as one is known by it; `nobody` ends it."""
    lists, parts = catalogue.of(context.uow), words.split()
    size = next((size for size in range(len(parts) - 1, 0, -1) if lists.find(name, " ".join(parts[:size]))), 1)
    who = _TO.sub("", " ".join(parts[size:]))
    if not who:
        raise MissingArgument(example=_("values channels owner Expo @Ann"))
    owner_id = None if folded(who) in _NOBODY else members.find(context.uow, who).id
    value = " ".join(parts[:size])
    return list_edits.own(context.uow, actor=context.actor, name=name, words=value, owner_id=owner_id)


def _fields(context: Context, words: str) -> Reply:
    if not words:
        return context.reply("values_fields")
    said = read_verb(words)
    if said is None or not said.words:
        raise MissingArgument(example=_("values fields add Budget / 预算 amount, required at quote"))
    match said.verb:
        case "add":
            return _shown(context, field_edits.add(context.uow, actor=context.actor, new=new_field(said.words)))
        case "rename":
            to = read_name(said.other)
            named = {"name": to.name} | ({"name_zh": to.name_zh} if to.name_zh else {})
            return _shown(context, field_edits.change(context.uow, actor=context.actor, words=said.words, **named))
        case "retire" | "restore":
            gone = said.verb == "retire"
            return _shown(context, field_edits.change(context.uow, actor=context.actor, words=said.words, retired=gone))
    return _shown(context, _set_field(context, said.words))


def _set_field(context: Context, words: str) -> Changed:
    """`change Budget sensitive, required at quote`: the field's name is as long as one is known by it."""
    lists, parts = catalogue.of(context.uow), words.split()
    sizes = range(min(len(parts), LONGEST_NAME), 0, -1)
    size = next((size for size in sizes if lists.field(" ".join(parts[:size]))), 1)
    said = read_settings(" ".join(parts[size:]))
    told = {name: getattr(said, name) for name in ("required", "sensitive", "shown")}
    changes = {name: value for name, value in told.items() if value is not None}
    changes |= {"kind": said.kind} if said.kind else {}
    if not changes:
        raise MissingArgument(example=_("values fields change Budget sensitive, required at quote"))
    return field_edits.change(context.uow, actor=context.actor, words=" ".join(parts[:size]), **changes)


def can_be_undone(context: Context, changed: Changed) -> None:
    """The change is what an undo takes back next."""
    if changed.change:
        members.remember_setting(context.uow, context.actor, "values", str(changed.change))


def _shown(context: Context, changed: Changed) -> Reply:
    can_be_undone(context, changed)
    done: dict[str, Any] = {"many": changed.leads, "done": bool(changed.change)}
    if changed.list == field_edits.LIST:
        return context.reply("values_fields", **done)
    return context.reply("values_list", list=changed.list, **done)
