"""Plain lines: a reference alone, a sentence about a lead, a pasted contact, the end of a phone number."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.context import Context, Reply
from bot.handlers import asking as asks
from bot.handlers import attached, from_message, work
from bot.handlers import leads as lead_handlers
from bot.router import plain
from crm.services import asking, leads

MODULE = "core"
_REF_FIRST = re.compile(r"^((?:[LlＬ]\s?[-－–—]?\s?|[#＃])\d+)[\s,，:：]*(.*)$", re.DOTALL)
_TAIL = re.compile(r"^\d{4,13}$")


@plain
def about_a_lead(context: Context, text: str) -> Reply | None:
    """`L-12` shows it, `L-12 called, no answer` logs it."""
    found = _REF_FIRST.match(text)
    if not found:
        return None
    ref, words = found.group(1), found.group(2).strip()
    if words:
        return work.log_line(context, ref, words)
    return lead_handlers.lead(context, leads.access(context.uow, actor=context.actor, ref=ref))


@plain
def in_a_thread(context: Context, text: str) -> Reply | None:
    """A reply to a question's card is an answer, one to a lead's card a follow-up on it."""
    quoted = context.quoted
    if asking.REF.fullmatch(quoted):
        return asks.replied(context, asking.get(context.uow, actor=context.actor, ref=quoted), text)
    if quoted and context.interaction.handle:
        return from_message.reply_in_thread(context, quoted, text)
    return work.log_line(context, quoted, text) if quoted else None


@plain
def piece_of_a_chat(context: Context, text: str) -> Reply | None:
    """What was said elsewhere, pasted as it is."""
    return attached.pasted(context, text)


@plain
def phone_ending(context: Context, text: str) -> Reply | None:
    return lead_handlers.find(context, Rest(text)) if _TAIL.match(text.strip()) else None


@plain
def pasted(context: Context, text: str) -> Reply | None:
    """A business card or lines of a sheet, pasted as they are."""
    found = lead_handlers.contacts(text)
    return lead_handlers.preview(context, text) if any(each.has_key for each in found) else None


@plain
def a_name(context: Context, text: str) -> Reply | None:
    """A few words that fit leads within the person's scope."""
    words = text.strip(" \n?!.,\uff1f\uff01\u3002\uff0c")
    if len(text) > 40 or len(words) < 2:
        return None
    found = leads.find(context.uow, actor=context.actor, words=words)
    return context.reply("found", leads=[lead.id for lead in found]) if found else None
