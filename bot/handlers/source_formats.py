"""Setting up senders from chat: what their fields are, what the vendor's side gave us, what could not be fetched."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import BadArgument, MissingArgument
from crm.services import fetches, source_formats, sources
from crm.vault import Vault

MODULE = "core"
_USING = frozenset({"using", "with", "使用", "用"})
_PAIR = re.compile(r"(?P<theirs>[^\s=＝,，、;；]+)\s*[=＝]\s*(?P<ours>[^\s=＝,，、;；]+)")
_FIELDS = _("sources fields form field_1=name field_2=phone")
_SET = _("sources set meta page_token EAAB…")


def split(words: str) -> tuple[str, str]:
    """A name and the format it is to use: `Trade fair using google`; "" for none."""
    parts = words.split()
    if len(parts) > 2 and parts[-2].lower() in _USING:
        return " ".join(parts[:-2]), parts[-1]
    return words.strip(), ""


@command(
    "sources set",
    "来源 设置",
    help=_("Give a source what its vendor's side needs, such as a page token"),
    example="sources set meta page_token EAAB",
    example_zh="来源 设置 meta page_token EAAB",
    topic="setup",
    roles="marketing",
)
def give(context: Context, words: Rest) -> Reply:
    parts = words.split(maxsplit=2)
    if len(parts) < 3:
        raise MissingArgument(example=_SET)
    key, name, value = parts
    vault = Vault(context.settings.secret_key.get_secret_value())
    source_formats.keep_vendor_secret(context.uow, vault, actor=context.actor, key=key, name=name.lower(), value=value)
    context.stays()
    return context.reply("source", source=sources.find(context.uow, key).id, noted=True)


@command(
    "sources fields",
    "来源 字段",
    help=_("Say which of a form's numbered fields are which of ours"),
    example="sources fields form field_1=name field_2=phone",
    example_zh="来源 字段 form field_1=姓名 field_2=手机",
    topic="setup",
    roles="marketing",
)
def name_fields(context: Context, words: Rest) -> Reply:
    key, said = re.split(r"[\s,，]+", f"{words.strip()} ", maxsplit=1)
    given = {found["theirs"]: found["ours"] for found in _PAIR.finditer(said)}
    if not given:
        raise MissingArgument(example=_FIELDS)
    source = source_formats.name_fields(context.uow, actor=context.actor, key=key, given=given)
    context.stays()
    return context.reply("source", source=source.id, noted=True)


@command(
    "sources retry",
    "来源 重取",
    help=_("Fetch the leads that a vendor announced and that could not be fetched"),
    example="sources retry meta",
    example_zh="来源 重取 meta",
    topic="setup",
    roles="marketing",
)
@action("sources.retry", guards=False)
def retry(context: Context, words: Rest | None = None) -> Reply:
    if not words:
        raise MissingArgument(example=_("sources retry meta"))
    sources.check_keeper(context.actor)
    source = sources.find(context.uow, words)
    if not source_formats.needs(source):
        raise BadArgument(given=words, example=_("sources retry meta"))
    fetches.again(context.uow, source)
    context.stays()
    return context.reply("source", source=source.id, noted=True)
