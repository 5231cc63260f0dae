"""Setting up from chat: bind a group, make admins and codes, manage intake sources."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import source_formats
from bot.router import action, command
from crm.errors import MissingArgument, NotAllowed, PoolNotFound, Refusal
from crm.formats import GENERIC
from crm.rules.access import Actor
from crm.services import admins, conversations, departments, members, pools, sources
from crm.services import source_formats as formats
from crm.vault import Vault

MODULE = "core"
_VERBS = frozenset({"new", "新建", "rotate", "轮换", "off", "停用", "on", "启用"})


class HereNeedsGroup(Refusal):
    code = "here_needs_group"
    message = _("Type here TEAM in the group that shall get the team's news. For a WeCom robot: here TEAM robot KEY")


@command(
    "here",
    "绑定群",
    help=_("This group gets the news of a team or pool"),
    example="here East",
    example_zh="绑定群 华东",
    topic="setup",
    roles="manager",
)
def here(context: Context, words: Rest) -> Reply:
    actor = context.need_manager()
    name, kind, external_id = _target(context, words)
    if kind == "robot":
        external_id = conversations.keep_robot(
            context.uow, _vault(context), workspace_id=context.workspace.id, key=external_id
        )
    pool_id, department_id = _pool_or_team(context, name)
    group = conversations.bind(
        context.uow, actor=actor, workspace_id=context.workspace.id, kind=kind, external_id=external_id, name=name,
        pool_id=pool_id, department_id=department_id,
    )  # fmt: skip
    context.stays()
    return context.reply("bound", group=group, pool=pool_id, team=department_id, public=True)


def _target(context: Context, words: str) -> tuple[str, str, str]:
    """The name, and which group: the one spoken in, or a WeCom robot's key or app chat's id at the end."""
    parts = words.split()
    kinds = {"robot": "robot", "机器人": "robot", "appchat": "appchat", "群聊": "appchat"}
    if len(parts) >= 3 and parts[-2].lower() in kinds:
        return " ".join(parts[:-2]), kinds[parts[-2].lower()], parts[-1]
    if context.interaction.conversation is None:
        raise HereNeedsGroup
    kind = {"slack": "channel", "playground": "group"}.get(context.interaction.platform, "appchat")
    return words.strip(), kind, context.interaction.conversation


def _vault(context: Context) -> Vault:
    return Vault(context.settings.secret_key.get_secret_value())


def _pool_or_team(context: Context, name: str) -> tuple[int | None, int | None]:
    try:
        return None, departments.find(context.uow, actor=context.actor, words=name).id
    except PoolNotFound:
        return pools.find(context.uow, actor=context.actor, words=name).id, None


@command(
    "admin",
    "管理员",
    help=_("Make a colleague an admin, or give a code to link a chat account"),
    example="admin @Ann",
    example_zh="管理员 @李娜",
    topic="setup",
    roles="admin",
)
def admin(context: Context, words: Rest | None = None) -> Reply:
    """Where there is no admin yet, whoever says it first becomes one."""
    first = members.first_admin(
        context.uow, workspace_id=context.workspace.id, external_id=context.interaction.user, member=context.member,
        name=context.interaction.profile.get("name") or context.interaction.user,
    )  # fmt: skip
    if first is not None:
        context.viewer = context.member = first
        return context.reply("made_admin", member=first.id)
    actor, name = context.need_admin(), (words or "").strip()
    if not name:
        raise MissingArgument(example=_("admin @Ann"))
    if name.lower().startswith(("code ", "码 ")):
        who = members.find(context.uow, name.split(maxsplit=1)[1])
        return _code(context, actor, who)
    who = members.find(context.uow, name)
    members.make_admin(context.uow, actor, who)
    context.stays()
    return context.reply("made_admin", member=who.id)


@command(
    "admin remove",
    "取消管理员",
    help=_("Take the admin role back from a colleague"),
    example="admin remove @Ann",
    example_zh="取消管理员 @李娜",
    topic="setup",
    roles="admin",
)
def admin_remove(context: Context, name: Rest) -> Reply:
    actor, who = context.need_admin(), members.find(context.uow, name)
    admins.remove(context.uow, actor=actor, member=who)
    if who.id == actor.id:
        context.viewer = context.member = members.get(context.uow, actor.id)
    context.stays()
    return context.reply("unmade_admin", member=who.id)


def _code(context: Context, actor: Actor, who: Actor) -> Reply:
    code = members.make_code(context.uow, actor, who)
    context.stays()
    return context.secretly("link_code", {"code": code}, member=who.id)


@command(
    "sources",
    "来源",
    help=_("Intake sources: list, new NAME, new NAME using FORMAT, rotate KEY, off KEY, on KEY"),
    example="sources new Website",
    example_zh="来源 新建 官网",
    topic="setup",
    roles="marketing",
)
@action("sources", guards=False)
def manage_sources(context: Context, words: Rest | None = None) -> Reply:
    actor = context.actor
    if actor.role not in sources.KEEPERS:
        raise NotAllowed(roles="marketers")
    verb, _space, name = (words or "").strip().partition(" ")
    vault = _vault(context)
    if not verb:
        return context.reply("sources")
    if not name and verb.lower() in _VERBS:
        raise MissingArgument(example=_("sources new Website"))
    match verb.lower():
        case "new" | "新建":
            return _key(context, _made(context, vault, name))
        case "rotate" | "轮换":
            return _key(context, sources.rotate(context.uow, vault, actor=actor, key=name))
        case "off" | "停用":
            sources.set_enabled(context.uow, actor=actor, key=name, enabled=False)
        case "on" | "启用":
            sources.set_enabled(context.uow, actor=actor, key=name, enabled=True)
        case _:
            return context.reply("source", source=sources.find(context.uow, words or "").id)
    context.stays()
    return context.reply("sources")


def _made(context: Context, vault: Vault, words: str) -> sources.NewKey:
    name, word = source_formats.split(words)
    return formats.create(context.uow, vault, actor=context.actor, name=name, word=word or GENERIC)


def _key(context: Context, made: sources.NewKey) -> Reply:
    context.stays()
    address = f"{context.settings.public_url}/intake/{made.source.key}"
    return context.secretly("source_key", {"key": made.key}, source=made.source.id, address=address)
