"""What happens without a word: somebody opens the home page, joins, or leaves."""

from __future__ import annotations

from bot.context import Context, Reply
from bot.router import event
from crm.services import members


@event("home")
def home(context: Context) -> Reply | None:
    """The worklist; for somebody new the tour, for a stranger how to be linked."""
    if context.member is None or not context.member.active:
        return Reply("refused", {"code": "not_linked", "data": {}})
    return Reply("today", {"days": 0}) if context.member.toured else Reply("tour", {"step": 1})


@event("joined")
def joined(context: Context) -> Reply | None:
    """Linked by e-mail where that is known; nothing is said until the person speaks."""
    renamed = context.interaction.profile.get("renamed_to")
    if context.member and renamed:
        members.tie(context.uow, context.member.id, context.workspace.id, renamed)
    return None


@event("left")
def left(context: Context) -> Reply | None:
    members.sign_off(context.uow, context.workspace.id, context.interaction.user)
    return None
