"""How a refusal looks: its sentence with the figures, and the buttons that lead on."""

from __future__ import annotations

from bot.context import Context, Reply
from bot.interaction import Interaction
from crm.errors import LeadAlreadyClaimed, LeadAmbiguous, Refusal


def refusal_reply(context: Context, refusal: Refusal) -> Reply:
    """The card for a refusal; a tap's refusal stands beside the card, except where the card itself is out of date."""
    if isinstance(refusal, LeadAmbiguous):
        return Reply(
            "pick", {"leads": refusal.data["leads"], "rest": _verb(context.interaction), "line": refusal.data["rest"]}
        )
    if isinstance(refusal, LeadAlreadyClaimed):
        return Reply("taken", {"ref": refusal.data["ref"], "by": refusal.data["by_id"]})
    return Reply("refused", {"code": refusal.code, "data": refusal.data})


def _verb(interaction: Interaction) -> str:
    """The command's first word, so that choosing a lead repeats it."""
    return interaction.text.split(maxsplit=1)[0] if interaction.text else ""
