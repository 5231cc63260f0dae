"""Other systems: what they read and are told, and the parts that an organization does without."""

from __future__ import annotations

import re

from bot import outward
from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.outward import Forbidden
from bot.router import action, command
from crm.errors import BadArgument, MissingArgument
from crm.errors_of_interfaces import HookAddress
from crm.models import Hook
from crm.period import Period
from crm.services import api_tokens, hook_calls, hooks, modules
from crm.vault import Vault

MODULE = "core"
_ON, _OFF = ("on", "开", "启用", "打开"), ("off", "关", "停用", "关闭")
_DAYS = re.compile(r"\d{1,9}[d天]", re.ASCII)
_NEW, _CONTACT = ("new", "新建"), ("contact", "+contact", "联系方式")


@command(
    "modules",
    "模块",
    help=_("The parts of Sluice: list, off NAME, on NAME"),
    example="modules off digests",
    example_zh="模块 关 digests",
    topic="setup",
    roles="admin",
)
@action("modules", guards=False)
def switch(context: Context, words: Rest | None = None) -> Reply:
    actor = context.need_admin()
    verb, _space, name = (words or "").strip().partition(" ")
    if not verb:
        return context.reply("modules")
    if verb.lower() not in (*_ON, *_OFF) or not name:
        raise MissingArgument(example=_("modules off digests"))
    modules.switch(context.uow, actor=actor, name=name, on=verb.lower() in _ON)
    context.stays()
    return context.reply("modules")


@command(
    "tokens",
    "令牌",
    help=_("Keys to the read API: list, new NAME SCOPES 90d, revoke N"),
    example="tokens new warehouse leads:read credits:read 90d",
    example_zh="令牌 新建 数据仓库 leads:read 90d",
    topic="setup",
    roles="admin",
    module="api",
)
@action("tokens", guards=False, module="api")
def tokens(context: Context, words: Rest | None = None) -> Reply:
    actor, said = context.need_admin(), (words or "").split()
    if not said:
        return context.reply("tokens")
    if len(said) < 2:
        raise MissingArgument(example=_("tokens new warehouse leads:read 90d"))
    if said[0].lower() in ("revoke", "撤销", "作废"):
        api_tokens.revoke(context.uow, actor=actor, number=_number(said[1]))
        context.stays()
        return context.reply("tokens")
    if said[0].lower() not in _NEW:
        raise MissingArgument(example=_("tokens new warehouse leads:read 90d"))
    rest = [word.replace("：", ":") for word in said[2:]]
    scopes = [word for word in rest if api_tokens.names_scope(word)]
    days = [word for word in rest if _DAYS.fullmatch(word)]
    name = " ".join([said[1], *(word for word in rest if word not in (*scopes, *days))])
    made, word = api_tokens.create(
        context.uow, actor=actor, name=name, scopes=scopes or ["leads:read"], days=int(days[0][:-1]) if days else None
    )
    context.stays()
    address = f"{context.settings.public_url}/api/v1/leads"
    return context.secretly("token_made", {"token": word}, number=made.number, address=address)


@command(
    "hooks",
    "回调",
    help=_("Who is called when something happens: new URL TOPICS, topics, rotate, test, replay, on, off, remove"),
    example="hooks new https://erp.acme.example/in lead.won",
    example_zh="回调 新建 https://erp.acme.example/in lead.won",
    topic="setup",
    roles="admin",
    module="hooks",
)
@action("hooks", guards=False, module="hooks")
def manage_hooks(context: Context, words: Rest | None = None) -> Reply:
    context.need_admin()
    said = (words or "").split()
    if not said:
        return context.reply("hooks", told=None)
    if len(said) < 2:
        raise MissingArgument(example=_("hooks test 1"))
    if said[0].lower() in _NEW:
        return _subscribe(context, said[1].strip("<>").partition("|")[0], said[2:])
    hook = hooks.find(context.uow, said[1])
    if said[0].lower() in ("rotate", "轮换"):
        secret = hooks.rotate(context.uow, _vault(context), actor=context.actor, hook=hook)
        context.stays()
        return context.secretly("hook_made", {"secret": secret}, hook=hook.number)
    told = _change(context, said[0].lower(), hook, said[2:])
    context.stays()
    return context.reply("hooks", told=told)


def _subscribe(context: Context, url: str, said: list[str]) -> Reply:
    try:
        outward.target(url, context.settings.hooks_allow)
    except Forbidden:
        raise HookAddress(given=url[:80]) from None
    topics = [word for word in said if word.lower() not in (*_CONTACT, "with")]
    made, secret = hooks.create(
        context.uow, _vault(context), actor=context.actor, url=url, topics=topics,
        with_contact=any(word.lower() in _CONTACT for word in said),
    )  # fmt: skip
    context.uow.session.flush()
    context.stays()
    return context.secretly("hook_made", {"secret": secret}, hook=made.number)


def _change(context: Context, verb: str, hook: Hook, said: list[str]) -> int:
    """What is done with one hook; returns how many calls are owed once more."""
    uow, actor = context.uow, context.actor
    match verb:
        case "on" | "启用" | "off" | "停用":
            hooks.set_on(uow, actor=actor, hook=hook, on=verb in _ON)
        case "topics" | "主题":
            hooks.set_topics(uow, actor=actor, hook=hook, topics=said)
        case "remove" | "删除":
            hooks.remove(uow, actor=actor, hook=hook)
        case "test" | "测试":
            hook_calls.test(uow, hook)
        case "replay" | "重放":
            return _replay(context, hook, said[0] if said else "")
        case _:
            raise MissingArgument(example=_("hooks test 1"))
    return 0


def _replay(context: Context, hook: Hook, word: str) -> int:
    if not word or word.startswith("evt_"):
        return hook_calls.replay(context.uow, hook, event=word)
    try:
        since = context.uow.now - Period.parse(word).longest
    except ValueError:
        raise BadArgument(given=word, example=_("hooks replay 1 7d")) from None
    return hook_calls.replay(context.uow, hook, since=since)


def _number(word: str) -> int:
    """Raises BadArgument."""
    digits = word.lstrip("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise BadArgument(given=word, example=_("tokens revoke 1"))
    return int(digits)


def _vault(context: Context) -> Vault:
    return Vault(context.settings.secret_key.get_secret_value())
