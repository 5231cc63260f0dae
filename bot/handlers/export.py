"""What the engine decided, as a file for a manager."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import BadArgument, MissingArgument
from crm.rules import periods
from crm.services import downloads
from crm.vault import Vault

_DECISIONS = ("decisions", "决策")


@command(
    "export",
    "导出",
    help=_("What the engine decided in a period, and why, as a file"),
    example="export decisions week",
    example_zh="导出 决策 本周",
    topic="managers",
    roles="manager",
)
@action("export", guards=False)
def export(context: Context, words: Rest | None = None) -> Reply:
    actor = context.need_manager()
    what, _space, period = (words or "").strip().partition(" ")
    if what.lower() not in _DECISIONS:
        raise MissingArgument(example=_("export decisions week"))
    try:
        found = periods.parse(period or "7d", context.uow.now, actor.timezone)
    except ValueError:
        raise BadArgument(given=period, example=_("export decisions week")) from None
    vault = Vault(context.settings.secret_key.get_secret_value())
    word = downloads.issue(vault, actor=actor, period=found, now=context.uow.now)
    address = f"{context.settings.public_url}/export/{word}"
    return context.secretly("decisions", {"address": address}, period=period or "7d")
