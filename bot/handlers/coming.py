"""What happens without a word: somebody opens the home page."""

from __future__ import annotations

from bot.context import Context, Reply
from bot.router import event


@event("home")
def home(context: Context) -> Reply | None:
    """The worklist; for somebody new the tour, for a stranger how to be linked."""
    if context.member is None or not context.member.active:
        return Reply("refused", {"code": "not_linked", "data": {}})
    return Reply("today") if context.member.toured else Reply("tour", {"step": 1})
