"""The pools themselves: who may claim from which, who is in charge, and moving leads from one to another."""

from __future__ import annotations

import re

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument, PoolNotFound
from crm.services import departments, members, moving, pool_scopes, pools
from crm.services.pools import PoolView

MODULE = "core"
_VERB = re.compile(r"^(.+?)\s+(add|remove|admin|加入|加|移除|减|管理员)\s*(\S.*)$", re.IGNORECASE)
_VERBS = {"加入": "add", "加": "add", "移除": "remove", "减": "remove", "管理员": "admin"}
_ROLES = {
    "reception": "reception", "reps": "rep", "rep": "rep", "success": "success", "managers": "manager",
    "manager": "manager", "售前": "reception", "销售": "rep", "客户成功": "success", "经理": "manager",
}  # fmt: skip
_MOVE = re.compile(r"^(\d{1,3})\s*(?:条|个|leads?)?\s*(?:from|从)\s*(.+?)\s*(?:\bto\b|到|至)\s*(.+)$", re.IGNORECASE)


@command(
    "pools",
    "线索池列表",
    "公海列表",
    help=_("All pools: who may claim, who is in charge, what holds there"),
    example="pools",
    example_zh="线索池列表",
    topic="pool",
)
@action("pools", guards=False)
def list_pools(context: Context, words: Rest | None = None) -> Reply:
    """`pools North add @Ann`, `... remove East`, `... admin @Mia` change one."""
    context.need_member()
    if not words:
        return context.reply("pools")
    said = _VERB.match(words.strip())
    if said is None:
        raise MissingArgument(example=_("pools North add @Ann"))
    pool, verb = pools.named(context.uow, said[1]), _VERBS.get(said[2], said[2].lower())
    if verb == "admin":
        member = members.find(context.uow, said[3])
        pool_scopes.put_in_charge(context.uow, actor=context.actor, pool=pool, member=member)
    else:
        change = pool_scopes.add if verb == "add" else pool_scopes.remove
        change(context.uow, actor=context.actor, pool=pool, who=_who(context, said[3]))
    context.stays()
    return context.reply("pools")


def _who(context: Context, words: str) -> dict[str, int | str]:
    """A role by its word, a team by its name, else a colleague. Raises MemberNotFound, MemberAmbiguous."""
    if (role := _ROLES.get(words.strip().lower())) is not None:
        return {"role": role}
    if not words.startswith("@"):
        try:
            return {"department": departments.find(context.uow, actor=context.actor, words=words).id}
        except PoolNotFound:
            pass
    return {"member": members.find(context.uow, words).id}


@command(
    "move",
    "移库",
    help=_("Move free leads from one pool to another, after a preview"),
    example="move 20 from Open to North",
    example_zh="移库 20 从 公海 到 北区",
    topic="pool",
)
def move(context: Context, words: Rest) -> Reply:
    said = _MOVE.match(words.strip())
    if said is None:
        raise MissingArgument(example=_("move 20 from Open to North"))
    source, (target, rest) = pools.named(context.uow, said[2]), _pool_first(context, said[3])
    planned = moving.plan(context.uow, actor=context.actor, source=source, target=target, many=int(said[1]), words=rest)
    return context.reply("move_preview", run=planned)


@action("pool.move", guards=False)
def confirm_move(context: Context, run: Id) -> Reply:
    moving.move(context.uow, actor=context.actor, run_id=run)
    return context.reply("moved", run=run)


def _pool_first(context: Context, words: str) -> tuple[PoolView, str]:
    """The pool that these words begin with, the longest name first, and the words after it."""
    parts = words.split()
    for end in range(len(parts), 1, -1):
        try:
            return pools.named(context.uow, " ".join(parts[:end])), " ".join(parts[end:])
        except PoolNotFound:
            continue
    return pools.named(context.uow, parts[0]), " ".join(parts[1:])
