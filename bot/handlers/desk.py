"""The manager's desk: a batch of new leads with suggestions, dealt by one tap or by typed words."""

from __future__ import annotations

import re

from bot.arguments import Id, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import BadArgument
from crm.services import batches
from crm.services.batches import Done, Wish

MODULE = "core"
_PART = re.compile(r"[,，;；、\n]+")
_WISH = re.compile(r"^\s*((?:[LlＬ＃#]\s?[-－–—]?\s?)?\d+)\s*(?:[:：=]|->|→|给|to\b)?\s*(\S.*?)\s*$")


@command(
    "deal",
    "派",
    help=_("Deal the leads on your desk: as suggested, or each to whom you name"),
    example="deal L-1042 @Ann, L-1043 @Bob",
    example_zh="派 L-1042 @李娜，L-1043 @王强",
    topic="managers",
    roles="manager",
)
@action("desk.open", guards=False)
def deal(context: Context, words: Rest | None = None) -> Reply:
    context.need_manager()
    if context.tapped and words:
        return _shown(context, int(words) if words.isdigit() else 0)
    if not words:
        return _shown(context, batches.newest(context.uow, actor=context.actor))
    wishes = [_wish(context, part) for part in _PART.split(words) if part.strip()]
    return _dealt(context, batches.give(context.uow, actor=context.actor, wishes=wishes))


@action("desk.deal", guards=False)
def deal_all(context: Context, run: Id) -> Reply:
    """One tap: every lead of the batch goes to whom the card suggests."""
    return _dealt(context, batches.deal(context.uow, actor=context.need_manager(), run_id=run), run)


def _shown(context: Context, run: int) -> Reply:
    return context.reply("desk", run=run, leads=batches.lying(context.uow, run))


def _wish(context: Context, part: str) -> Wish:
    """One typed row. Raises BadArgument where it is no lead with a name."""
    found = _WISH.match(part)
    if found is None:
        raise BadArgument(given=part.strip(), example=_("deal L-1042 @Ann, L-1043 @Bob"))
    return batches.wish(context.uow, actor=context.actor, ref=found[1], name=found[2])


def _dealt(context: Context, done: Done, run: int | None = None) -> Reply:
    refused = [{"code": problem.code, "data": problem.data} for problem in done.refused]
    rows = [[lead, member] for lead, member in done.given.items()]
    return context.reply("desk_dealt", rows=rows, refused=refused, run=run, dealt=done.run_id)
