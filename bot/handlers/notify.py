"""What each person is told, how, where and when: `notify`, `mute`, and the small menu of every pushed card."""

from __future__ import annotations

import re
from datetime import time

from bot.arguments import Id, Rest, Word
from bot.cards.language import _
from bot.cards.told import call_of
from bot.context import Context, Reply
from bot.handlers.shields import until_when
from bot.router import action, command
from crm.errors import BadArgument, OldCard
from crm.rules.notices import GROUPS, MODES
from crm.rules.sections.telling import quiet_hours
from crm.services import mailbox, preferences
from crm.services.leads import LeadView

MODULE = "core"
_GROUPS = {
    "reminders": ("reminders", "reminder", "提醒"),
    "leads": ("new leads", "leads", "offers", "offer", "新线索", "线索", "派单", "抢单"),
    "warnings": ("warnings", "warning", "预警"),
    "losses": ("losses", "lost leads", "流失", "流出", "回收"),
    "news": ("news", "客户动态", "动态"),
    "pool": ("pool news", "pool", "公海动态", "公海", "线索池"),
    "copies": ("team copies", "copies", "copy", "抄送", "团队抄送"),
    "team": ("team", "团队事务", "团队"),
    "digests": ("digests", "digest", "日报"),
}
_MODES = {
    "on": ("on", "at once", "now", "开", "开启", "打开", "立即"),
    "summary": (
        "summary",
        "digest",
        "only digest",
        "only summary",
        "daily",
        "once a day",
        "汇总",
        "只汇总",
        "每天一次",
    ),
    "off": ("off", "none", "关", "关闭", "不要"),
}  # fmt: skip
_CHATS = {
    "slack": ("slack",), "wecom": ("wecom", "企业微信", "企微"), "playground": ("playground", "演练场"),
    "": ("here", "anywhere", "any", "不限", "最近"),
}  # fmt: skip
_MISSED, _RESET = ("missed", "错过"), ("reset", "default", "恢复默认", "默认")
_QUIET, _MOST, _SUMMARY = ("quiet hours", "quiet", "静默", "免打扰"), ("max", "上限"), ("summary", "汇总")
_CLOCK = re.compile(r"(?:at\s*)?([01]?\d|2[0-3])(?:[:：点]([0-5]\d)?)?\s*")
_COUNT = re.compile(r"(\d{1,4})\s*(?:a day|条|每天)?")
MOST = 1000


@command(
    "notify",
    "notices",
    "通知",
    "通知设置",
    help=_("What you are told, how and when; quiet hours, a daily cap"),
    example="notify warnings off",
    example_zh="通知 预警 关",
    topic="on",
)
@action("notify", guards=False)
def notify(context: Context, words: Rest | None = None) -> Reply:
    said = " ".join((words or "").lower().split())
    context.need_member()
    if _is(said, _MISSED):
        return context.reply("collected")
    for names, change in ((_QUIET, _set_quiet), (_MOST, _set_most), (_SUMMARY, _set_summary)):
        if (rest := _after(said, names)) is not None:
            return change(context, rest)
    if _is(said, _RESET):
        preferences.reset(context.uow, context.actor)
    elif said:
        return _of_group(context, said)
    return context.reply("notify")


@action("notify.set", guards=False)
def set_group(context: Context, words: Rest) -> Reply:
    """A button of one topic group, which means the same as its words."""
    return _of_group(context, words)


@action("notify.topic", guards=False)
def one_group(context: Context, group: Word) -> Reply:
    if group not in GROUPS:
        raise OldCard
    context.need_member()
    return context.reply("notify_topic", group=str(group))


@action("notify.quiet", guards=False)
def quiet(context: Context) -> Reply:
    if "quiet" not in context.fields:
        context.need_member()
        return context.form("notify_quiet_form")
    return _set_quiet(context, context.fields["quiet"].strip().lower())


@action("notify.missed", guards=False)
def missed(context: Context) -> Reply:
    context.need_member()
    return context.beside("collected")


@action("notify.reset", guards=False)
def reset(context: Context) -> Reply:
    preferences.reset(context.uow, context.actor)
    return context.reply("notify")


@action("notify.open", guards=False)
def open_one(context: Context, topic: Word, first: Id, last: Id) -> Reply:
    """What waited or was switched off, as the card that it would have been."""
    found = mailbox.between(context.uow, actor=context.actor, topic=topic, first=first, last=last)
    if not found:
        raise OldCard
    name, args = call_of(found)
    return context.beside(name, **args)


@action("notify.why", guards=False)
def why(context: Context, message: Id) -> Reply:
    """Why a pushed card came, and how to have fewer of its kind."""
    mailbox.told(context.uow, actor=context.viewer, message_id=message)
    return context.beside("told", message=message)


@action("notify.fewer", guards=False)
def fewer(context: Context, group: Word) -> Reply:
    """Once a day instead of at once."""
    if group not in GROUPS:
        raise OldCard
    preferences.set_mode(context.uow, context.actor, group, "summary")
    return context.beside("notify")


@command(
    "mute",
    "静音",
    help=_("Hear nothing of a lead, for a while or for good"),
    example="mute L-1042 until Friday",
    example_zh="静音 L-1042 到周五",
    topic="on",
)
@action("lead.mute", guards=False)
def mute(context: Context, lead: LeadView, when: Rest | None = None) -> Reply:
    until = until_when(context, when or "")
    preferences.mute(context.uow, context.actor, lead.id, until)
    return context.beside("muted", lead=lead.id, on=True, until=until.isoformat() if until else None)


@command(
    "unmute",
    "取消静音",
    help=_("Hear of a muted lead again"),
    example="unmute L-1042",
    example_zh="取消静音 L-1042",
    topic="on",
)
@action("lead.unmute", guards=False)
def unmute(context: Context, lead: LeadView) -> Reply:
    preferences.unmute(context.uow, context.actor, lead.id)
    return context.reply("muted", lead=lead.id, on=False, until=None)


def _of_group(context: Context, said: str) -> Reply:
    """`warnings off`, `pool only digest`, `warnings slack`; a group alone shows it. Raises BadArgument."""
    found = _named(said, _GROUPS)
    if found is None:
        raise BadArgument(given=said, example=context.say(_("notify warnings off")))
    group, rest = found
    if not rest:
        return context.reply("notify_topic", group=group)
    mode, chat = _named(rest, _MODES, whole=True), _named(rest, _CHATS, whole=True)
    if mode:
        assert mode[0] in MODES
        preferences.set_mode(context.uow, context.actor, group, mode[0])
    elif chat and (not chat[0] or chat[0] in preferences.chats(context.uow, context.actor)):
        preferences.set_chat(context.uow, context.actor, group, chat[0])
    else:
        raise BadArgument(given=rest, example=context.say(_("notify warnings off")))
    return context.reply("notify")


def _set_quiet(context: Context, said: str) -> Reply:
    if _named(said, {"off": _MODES["off"]}, whole=True):
        preferences.set_quiet(context.uow, context.actor, None)
        return context.reply("notify")
    try:
        hours = quiet_hours(said)
    except ValueError:
        raise BadArgument(given=said, example=context.say(_("notify quiet 21:00-8:00"))) from None
    preferences.set_quiet(context.uow, context.actor, hours)
    return context.reply("notify")


def _set_most(context: Context, said: str) -> Reply:
    count = _COUNT.fullmatch(said)
    off = _named(said, {"off": _MODES["off"]}, whole=True)
    if not off and not (count and 0 < int(count[1]) <= MOST):
        raise BadArgument(given=said, example=context.say(_("notify max 20")))
    preferences.set_most(context.uow, context.actor, int(count[1]) if count else None)
    return context.reply("notify")


def _set_summary(context: Context, said: str) -> Reply:
    found = _CLOCK.fullmatch(said)
    if not found:
        raise BadArgument(given=said, example=context.say(_("notify summary 18:00")))
    preferences.set_summary(context.uow, context.actor, time(int(found[1]), int(found[2] or 0)))
    return context.reply("notify")


def _named(said: str, names: dict[str, tuple[str, ...]], *, whole: bool = False) -> tuple[str, str] | None:
    """Which of these the words begin with, or are, and the words after it; the longest name wins."""
    longest = sorted(((word, key) for key, words in names.items() for word in words), key=lambda one: -len(one[0]))
    for word, key in longest:
        rest = _after(said, (word,))
        if rest is not None and not (whole and rest):
            return key, rest
    return None


def _after(said: str, words: tuple[str, ...]) -> str | None:
    """The words after the first of these that it begins with."""
    for word in words:
        if said.startswith(word) and not (word[-1].isascii() and said[len(word) : len(word) + 1].isalnum()):
            return said[len(word) :].strip(" :：")
    return None


def _is(said: str, words: tuple[str, ...]) -> bool:
    return said in words
