"""What somebody else wrote becomes a follow-up or a lead: by the menu of a message, or by a reply to a card."""

from __future__ import annotations

from dataclasses import replace

from bot import said
from bot.arguments import Id
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import entering
from bot.router import action
from crm.errors import MissingArgument
from crm.services import follow_ups, leads, pending_lines, pipeline
from crm.services.leads import LeadView

MODULE = "core"
OUTCOMES = (
    "connected", "no_answer", "interested", "not_interested", "meeting_set", "quote_requested", "callback",
    "wrong_number", "do_not_contact",
)  # fmt: skip
LOST = "lost"


@action("message.log", guards=False)
def log_message(context: Context, line: Id | None = None) -> Reply:
    """The message as a follow-up on a lead that is named in the form."""
    if line is None or not context.fields:
        kept = line or _kept(context, "log")
        return context.form("message_log_form", line=kept, ref=context.quoted)
    found = leads.access(context.uow, actor=context.actor, ref=context.fields.get("lead", ""))
    pending_lines.take(context.uow, actor=context.actor, line_id=line)
    return logged(context, found, context.fields.get("note", ""))


@action("message.new", guards=False)
def new_from_message(context: Context, line: Id | None = None) -> Reply:
    """The customer that a message tells of: what was found in it stands in the form already."""
    if line is None or not context.fields:
        return context.form("message_new_form", line=line or _kept(context, "new"))
    pending_lines.take(context.uow, actor=context.actor, line_id=line)
    return entering.preview(context, ", ".join(value for value in context.fields.values() if value))


def reply_in_thread(context: Context, ref: str, words: str) -> Reply:
    """A reply under a lead's card may be meant for a colleague: it is a follow-up after one tap."""
    lead = leads.access(context.uow, actor=context.actor, ref=ref)
    said.understood(context, words)
    line = pending_lines.keep(context.uow, actor=context.actor, command="log", words=words)
    return context.beside("log_this", lead=lead.id, line=line)


def logged(context: Context, lead: LeadView, words: str) -> Reply:
    """A follow-up as a form tells it: an outcome that was chosen says more than the words."""
    if not words.strip():
        raise MissingArgument(example=_("log L-1042 called, no answer"))
    chosen = context.fields.get("outcome", "")
    follow_up, vague = said.understood(context, words)
    if chosen in OUTCOMES:
        follow_up = replace(follow_up, outcome=chosen)
    activity = follow_ups.log(context.uow, actor=context.actor, lead=lead, said=follow_up)
    if chosen == LOST:
        reason = context.fields.get("reason") or words[:80]
        pipeline.lost(context.uow, actor=context.actor, lead=_anew(context, lead), reason=reason)
        return context.reply("closed", lead=lead.id, won=False)
    return context.reply("logged", lead=lead.id, activity=activity, vague=vague, guessed=False)


def _anew(context: Context, lead: LeadView) -> LeadView:
    """The lead as it is after the follow-up."""
    return leads.access_id(context.uow, actor=context.actor, lead_id=lead.id)


def _kept(context: Context, command: str) -> int:
    """The message's words, put aside until the form comes back: they are personal, and forms are kept by ids."""
    words = context.interaction.quoted
    return pending_lines.keep(context.uow, actor=context.actor, command=command, words=words)
