"""A recycle run that was stopped waits for a manager's word: let it go on, or give the owners more time."""

from __future__ import annotations

from bot.arguments import Id
from bot.context import Context, Reply
from bot.router import action
from crm.services import breaker

MODULE = "core"


@action("recycle.approve", guards=False)
def approve(context: Context, run: Id) -> Reply:
    breaker.approve(context.uow, actor=context.need_manager(), run_id=run)
    context.stays()
    return context.reply("recycle_answered", approved=True, moved=0)


@action("recycle.postpone", guards=False)
def postpone(context: Context, run: Id) -> Reply:
    moved = breaker.postpone(context.uow, actor=context.need_manager(), run_id=run)
    context.stays()
    return context.reply("recycle_answered", approved=False, moved=moved)
