"""How a refusal looks: its sentence with the figures, and the buttons that lead on."""

from __future__ import annotations

from bot import router
from bot.context import Context, Reply
from bot.understanding import about
from crm.errors import LeadAlreadyClaimed, LeadAmbiguous, Refusal
from crm.errors_of_asking import LeadUnknown, LeadWanted
from crm.services import pending_lines, recent_leads, resembling


def refusal_reply(context: Context, refusal: Refusal) -> Reply:
    """The card for a refusal; a tap's refusal stands beside the card, except where the card itself is out of date."""
    if isinstance(refusal, LeadAmbiguous | LeadWanted):
        line = _kept(context, refusal.data["rest"])
        return context.reply("pick", leads=refusal.data["leads"], line=line, wanted=isinstance(refusal, LeadWanted))
    if isinstance(refusal, LeadUnknown):
        return _unknown(context, refusal)
    if isinstance(refusal, LeadAlreadyClaimed):
        return Reply("taken", {"ref": refusal.data["ref"], "by": refusal.data["by_id"]})
    return Reply("refused", {"code": refusal.code, "data": refusal.data})


def _unknown(context: Context, refusal: LeadUnknown) -> Reply:
    """Leads that are called much alike, the one dealt with last, and a way to enter the one that was meant."""
    words = refusal.data["rest"]
    near = resembling.find(context.uow, actor=context.actor, words=about.called(words) or words)
    alone = bool(about.bare_name(words))
    last = None if alone else recent_leads.last(context.uow, actor=context.actor, place=context.place)
    found = list(dict.fromkeys([*(lead.id for lead in near), *([last.id] if last else ())]))
    guess = refusal.data.get("guess")
    return context.reply("unknown_lead", leads=found, line=_kept(context, words), **({"guess": guess} if guess else {}))


def _kept(context: Context, words: str) -> int:
    """The typed line, put aside until a tap says what it is about; its command is the one that the words followed."""
    typed = context.interaction.text.strip()
    head = typed[: len(typed) - len(words)] if words and typed.endswith(words) else typed
    found = router.match(head)
    command = found[0].words[0] if found else ""
    return pending_lines.keep(context.uow, actor=context.actor, command=command, words=words)
