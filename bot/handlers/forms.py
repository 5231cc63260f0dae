"""The hosted form of a source: its address and code, what it asks and says, and which sites may show it."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import command
from crm.errors import MissingArgument
from crm.models import Form, Source
from crm.services import forms, members, sources

MODULE = "forms"
_EXAMPLE = _("form website fields name*, phone*, company")
_VERBS = {
    "fields": "fields", "字段": "fields", "embed": "embed", "嵌入": "embed", "off": "off", "关闭": "off",
    "on": "on", "开启": "on", "code": "code", "验证码": "code", "title": "title", "标题": "title", "intro": "intro",
    "说明": "intro", "thanks": "thanks", "致谢": "thanks", "consent": "consent", "同意": "consent",
}  # fmt: skip
_PIECE = re.compile(r"\S+")
_LANGUAGES = {"zh": "zh", "en": "en", "中文": "zh", "英文": "en"}
_NONE = ("none", "无", "-", "off", "关闭")


@command(
    "form",
    "表单",
    help=_("The hosted form of a source: address, QR code, fields, texts, sites that show it"),
    example="form website fields name*, phone*, company",
    example_zh="表单 website 字段 姓名*，手机*，公司",
    topic="setup",
    roles="manager",
)
def form(context: Context, words: Rest | None = None) -> Reply:
    forms.check_keeper(context.actor)
    source, verb, rest = _parts(context, words or "")
    page = forms.make(context.uow, actor=context.actor, source=source)
    if verb:
        _change(context, page, verb, rest)
        members.remember_past(context.uow, context.actor)
    note = "changed" if verb else ""
    return context.reply("form_page", form=page.id, note=note, base=context.settings.public_url)


def _parts(context: Context, words: str) -> tuple[Source, str, str]:
    """The source, what is to be done, and the rest. Raises MissingArgument, SourceNotFound."""
    if not words.strip():
        raise MissingArgument(example=context.say(_EXAMPLE))
    splits = [
        (words[: each.start()].strip(), _VERBS[each[0].lower()], words[each.end() :].strip())
        for each in _PIECE.finditer(words)
        if each[0].lower() in _VERBS and words[: each.start()].strip()
    ]
    # A name may have such a word within, so a whole name goes before the beginning of one.
    for name, verb, rest in [*splits, (words, "", "")]:
        if (source := sources.named(context.uow, name)) is not None:
            return source, verb, rest
    name, verb, rest = splits[0] if splits else (words, "", "")
    return sources.find(context.uow, name), verb, rest


def _change(context: Context, page: Form, verb: str, rest: str) -> None:
    uow, actor = context.uow, context.actor
    match verb:
        case "fields":
            forms.ask(uow, actor=actor, form=page, words=rest)
        case "embed":
            sites = [] if rest.strip().lower() in _NONE else rest.replace(",", " ").replace("，", " ").split()
            forms.embed(uow, actor=actor, form=page, sites=sites)
        case "on" | "off":
            forms.open_(uow, actor=actor, form=page, enabled=verb == "on")
        case "code":
            forms.set_verify(uow, actor=actor, form=page, verify=rest.strip().lower() not in _NONE)
        case _:
            first, _space, more = rest.partition(" ")
            locale = _LANGUAGES.get(first.lower(), "")
            text = more if locale else rest
            forms.say(uow, actor=actor, form=page, name=verb, words="" if text in _NONE else text, locale=locale)
