"""What happened in some days, as a file for a manager: decisions, looks at contacts; for an admin the audit."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.services import audit, downloads, taking_out
from crm.services.downloads import DEEDS, What
from crm.vault import Vault

MODULE = "export"
_WORDS: dict[str, What] = {
    "decisions": "decisions", "决策": "decisions", "reveals": "reveals", "查看记录": "reveals", "audit": "audit",
    "审计": "audit",
}  # fmt: skip


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
    actor = context.need_member()
    named, _space, period = (words or "").strip().partition(" ")
    what = _WORDS.get(named.lower())
    if what is None:
        raise MissingArgument(example=_("export decisions week"))
    actor.need(DEEDS[what])
    taking_out.check(context.uow, actor)
    found = context.period(period or "7d", example=_("export decisions week"))
    vault = Vault(context.settings.secret_key.get_secret_value())
    word = downloads.issue(vault, actor=actor, period=found, now=context.uow.now, what=what)
    days = {"first": found.first.isoformat(), "last": found.last.isoformat()}
    audit.write(context.uow, "data.exported", by=actor.id, subject=what, data=days)
    once = {"address": f"{context.settings.public_url}/export/{word}"}
    if what == "decisions":
        return context.secretly("decisions", once, period=period or "7d")
    return context.secretly("export_file", once, what=what, period=period or "7d")
