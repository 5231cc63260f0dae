"""What happens without a word: somebody opens the home page, a link to a lead is shared, a sheet is dropped."""

from __future__ import annotations

from bot.cards.facts import everybody
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command, event
from crm.errors import LeadNotFound
from crm.services import leads

MODULE = "core"


@event("home")
def home(context: Context) -> Reply | None:
    """The desk; for somebody new the tour, for a stranger how to be linked."""
    if context.member is None or not context.member.active:
        return Reply("refused", {"code": "not_linked", "data": {}})
    return Reply("home") if context.member.toured else Reply("tour", {"step": 1})


@event("link")
def link_shared(context: Context) -> Reply | None:
    """A lead's address was pasted: what everybody may see of it, if the person who pasted it may see it at all."""
    if context.member is None or not context.member.active:
        return None
    try:
        lead = leads.access(context.uow, actor=context.member, ref=context.interaction.value)
    except LeadNotFound:
        return None
    context.viewer = everybody(context.uow.org_id, context.member.timezone, context.member.locale)
    return Reply("linked", {"lead": lead.id})


@command(
    "home",
    "工作台",
    "首页",
    help=_("Your desk: what is due, at risk, yours and in the pool, on one page"),
    example="home",
    example_zh="工作台",
    topic="work",
)
@action("home", guards=False)
def desk(context: Context) -> Reply:
    context.need_member()
    return context.reply("home")
