"""The rules from chat: look at them, try a change, and put it in force once its rehearsal has been seen."""

from __future__ import annotations

import re
from textwrap import dedent

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.rules.edits import edited
from crm.services import rehearsing, rules_admin, shadowing
from crm.services.rehearsing import Rehearsal

MODULE = "core"
_FENCE = re.compile(r"^\s*```\w*\n?|\n?\s*```\s*$")
_CARDS = {
    "": "rules", "show": "rules_written", "查看": "rules_written", "history": "rules_history", "历史": "rules_history",
}  # fmt: skip
_SHADOW = ("shadow", "影子", "今晚", "tonight")
_NAMES = frozenset({"leads", "list", "名单", "线索", "明细"})
_TONIGHT = {("rehearse", "tonight"), ("演练", "今晚")}
_TRY = ("rehearse", "演练", "apply", "应用", "check", "检查", "diff", "对比")


@command(
    "rules",
    "规则",
    help=_("The rules in force; show, history, set, rehearse, rollback"),
    example="rules",
    example_zh="规则",
    topic="managers",
    roles="manager",
)
@action("rules", guards=False)
def rules(context: Context, words: Rest | None = None) -> Reply:
    context.need_manager()
    first, _line, more = (words or "").partition("\n")
    verb, _space, rest = first.strip().partition(" ")
    if more.strip() or ":" in first:
        return _rehearsed(context, _pasted(context, words or "", verb))
    if not rest and verb.lower() in _CARDS:
        return context.reply(_CARDS[verb.lower()])
    if verb.lower() in _SHADOW or (verb.lower(), rest.strip().lower()) in _TONIGHT:
        return context.reply("shadow")
    match verb.lower():
        case "set" | "设置":
            return _rehearsed(context, _changed(context, rest))
        case "rollback" | "回滚" if rest.strip().isdecimal():
            return _rehearsed(context, rules_admin.version(context.uow, int(rest)).text)
        case word if word in _TRY and not rest:
            return _rehearsed(context, rules_admin.present(context.uow))
    raise MissingArgument(example=_("rules set claim.per_day 20"))


@action("rules.apply", guards=False)
def apply(context: Context, rehearsal: Id) -> Reply:
    found = rehearsing.apply(context.uow, actor=context.need_manager(), rehearsal_id=rehearsal)
    context.stays()
    return context.reply("rehearsal", rehearsal=found.id)


@action("rules.discard", guards=False)
def discard(context: Context, rehearsal: Id) -> Reply:
    found = rehearsing.discard(context.uow, actor=context.need_manager(), rehearsal_id=rehearsal)
    context.stays()
    return context.reply("rehearsal", rehearsal=found.id)


@action("rules.again", guards=False)
def again(context: Context, rehearsal: Id) -> Reply:
    return _shown(context, rehearsing.again(context.uow, actor=context.need_manager(), rehearsal_id=rehearsal))


@command(
    "shadow",
    "影子",
    help=_("Who would lose which leads if the engine ran now; admins let it go live there"),
    example="shadow leads",
    example_zh="影子 名单",
    topic="managers",
    roles="manager",
)
def shadow(context: Context, words: Rest | None = None) -> Reply:
    if (words or "").strip().lower() in _NAMES:
        return shadow_leads(context, Id(0))
    context.need_manager()
    return context.reply("shadow")


@action("shadow.leads", guards=False)
def shadow_leads(context: Context, page: Id) -> Reply:
    """Lead by lead, the first to go first."""
    context.need_manager()
    return context.reply("shadow_leads", page=int(page))


@action("shadow.begin", guards=False)
def begin_shadow(context: Context) -> Reply:
    shadowing.begin(context.uow, actor=context.need_manager())
    context.stays()
    return context.reply("shadow")


@action("shadow.live", guards=False)
def go_live(context: Context) -> Reply:
    shadowing.go_live(context.uow, actor=context.need_manager())
    context.stays()
    return context.reply("shadow")


def _rehearsed(context: Context, written: str) -> Reply:
    return _shown(context, rehearsing.start(context.uow, written=written, actor=context.need_manager()))


def _shown(context: Context, made: Rehearsal) -> Reply:
    """What is still being counted has a card of its own, which can be drawn over."""
    context.stays()
    if made.state == "counting":
        return context.reply("rehearsing")
    return context.reply("rehearsal", rehearsal=made.id)


def _changed(context: Context, words: str) -> str:
    """`claim.per_day 20`; a path may have spaces in it, as rules do in their names, and so may a list."""
    found = re.fullmatch(r"(.+?)\s+(\[.*\]|\{.*\}|\S+)", words.strip())
    if not found:
        raise MissingArgument(example=_("rules set claim.per_day 20"))
    return edited(rules_admin.present(context.uow), found[1], found[2])


def _pasted(context: Context, words: str, verb: str) -> str:
    """The text below the word, or all behind it; with its indents, which the words of a command have lost."""
    head, _line, below = context.interaction.text.strip().partition("\n")
    is_below = ":" not in head.partition(" ")[2]
    written = below if is_below else words.partition(" ")[2] if verb.lower() in _TRY else words
    return _FENCE.sub("", dedent(written)).strip("\n") + "\n"
