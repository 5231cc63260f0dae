"""How the rules work out: the week's health card, on demand."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.services import departments

MODULE = "health"


@command(
    "health",
    "健康度",
    help=_("The week: hoarding, claim and drop, slow first contacts, with the rule that may help"),
    example="health",
    example_zh="健康度",
    topic="managers",
    roles="manager",
)
@action("health", guards=False)
def health(context: Context, team: Rest | None = None) -> Reply:
    actor = context.need_manager()
    chosen = departments.find(context.uow, actor=actor, words=team).id if team else _own(context)
    return context.reply("health", department=chosen, until=context.uow.now.isoformat())


def _own(context: Context) -> int | None:
    """The manager's own team; an admin sees the whole."""
    return None if context.actor.is_admin else context.actor.department_id
