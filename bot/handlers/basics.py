"""Getting on: help, the tour, language, duty, linking a chat account."""

from __future__ import annotations

from dataclasses import replace

from bot import router
from bot.arguments import Rest, Word
from bot.cards.language import _, supported
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import BadArgument
from crm.services import members

MODULE = "core"


@command(
    "help",
    "?",
    "帮助",
    "使用说明",
    help=_("What I understand, with examples"),
    example="help",
    example_zh="帮助",
    topic="on",
)
@action("help")
def help_(context: Context, topic: Rest | None = None) -> Reply:
    return context.reply("help", topic=(topic or "").strip().lower())


@command(
    "start",
    "tour",
    "hi",
    "hello",
    "你好",
    "开始",
    help=_("Three taps to get going"),
    example="start",
    example_zh="开始",
    topic="on",
)
@action("tour")
def tour(context: Context, step: Word | None = None) -> Reply:
    if not context.actor.toured:
        members.set_toured(context.uow, context.actor)
        context.member = replace(context.actor, toured=True)
    return context.reply("tour", step=int(step) if step and step.isdigit() else 1)


@command(
    "lang", "language", "语言", help=_("Speak English or Chinese"), example="lang zh", example_zh="语言 en", topic="on"
)
@action("lang")
def language(context: Context, locale: Word) -> Reply:
    names = {"english": "en", "英文": "en", "英语": "en", "chinese": "zh", "中文": "zh", "汉语": "zh"}
    chosen = names.get(locale.lower()) or supported(locale)
    if chosen is None:
        raise BadArgument(given=str(locale), example=_("lang zh"))
    members.set_locale(context.uow, context.actor, chosen)
    context.viewer = context.member = members.get(context.uow, context.actor.id)
    return context.reply("language")


@command("on", "上班", help=_("Start receiving leads"), example="on", example_zh="上班", topic="on")
@action("duty.on")
def on(context: Context) -> Reply:
    members.set_duty(context.uow, context.actor, on=True)
    return context.reply("duty", on=True)


@command("off", "下班", help=_("Stop receiving leads"), example="off", example_zh="下班", topic="on")
@action("duty.off")
def off(context: Context) -> Reply:
    members.set_duty(context.uow, context.actor, on=False)
    return context.reply("duty", on=False)


@command(
    "link",
    "绑定",
    help=_("Tie this chat account to your record with a code"),
    example="link K7MWPX2A",
    example_zh="绑定 K7MWPX2A",
    topic="on",
)
def link(context: Context, code: Word) -> Reply:
    """The one command that somebody not linked yet may give."""
    linked = members.redeem(context.uow, code, context.workspace.id, context.interaction.user)
    context.viewer = context.member = linked
    return context.reply("tour", step=1)


@action("command")
def typed(context: Context, line: Rest) -> Reply:
    """A button that is the same as typing its value."""
    return router.run(context, line)
