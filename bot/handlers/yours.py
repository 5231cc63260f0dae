"""What a rep asks about oneself: the own funnel, why a lead is where it is, how much room is left."""

from __future__ import annotations

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import NotYourTeam
from crm.services import members
from crm.services.leads import LeadView

MODULE = "core"


@command(
    "funnel me",
    "我的漏斗",
    help=_("Your own funnel and its weakest step"),
    example="funnel me",
    example_zh="我的漏斗",
    topic="work",
    module="funnel",
)
@action("funnel.me", guards=False, module="funnel")
def funnel_me(context: Context, period: Rest | None = None) -> Reply:
    return own_funnel(context, period)


def own_funnel(context: Context, period: str | None) -> Reply:
    """Raises BadArgument where these words are no period."""
    context.period(period or "30d", example=_("funnel me month"))
    return context.reply("funnel_me", period=period or "30d")


@command(
    "why",
    "为什么",
    "原因",
    help=_("Why a lead is where it is"),
    example="why L-1042",
    example_zh="为什么 L-1042",
    topic="work",
)
@action("lead.why", guards=False)
def why(context: Context, lead: LeadView) -> Reply:
    return context.beside("why", lead=lead.id)


@command("quota", "配额", help=_("What you hold and may still claim"), example="quota", example_zh="配额", topic="pool")
def quota(context: Context, who: Rest | None = None) -> Reply:
    member = members.find(context.uow, who) if who else context.actor
    if member.id != context.actor.id:
        manager = context.need_manager()
        if not (manager.is_admin or manager.manages_any(member.departments)):
            raise NotYourTeam(member_id=member.id)
    return context.reply("quota", member=member.id)
