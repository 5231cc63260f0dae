"""Plain lines: a reference alone, a sentence about a lead, a pasted contact, the end of a phone number."""

from __future__ import annotations

import re

from bot import router, said
from bot.arguments import PARSERS, Missing, Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.handlers import asking as asks
from bot.handlers import attached, entering, from_message, work
from bot.handlers import leads as lead_handlers
from bot.router import plain
from bot.understanding import about
from crm.errors import MissingArgument, NotUnderstood
from crm.errors_of_asking import LeadUnknown, LeadWanted
from crm.services import asking, leads, resembling
from crm.services.follow_ups import FollowUp
from crm.services.leads import LeadView

MODULE = "core"
_REF_FIRST = re.compile(r"^((?:[LlＬ]\s?[-－–—]?\s?|[#＃])\d+)[\s,，:：]*(.*)$", re.DOTALL)
_LONGEST = 400  # characters of a sentence; what is longer was pasted
# A question or a wish is for Sluice, not of a customer.
_ASKS = re.compile(
    r"[?？]\s*$|^(?:how|what|where|why|when|which|who|can|could|is|are|does|do|help|please|pls|i\s+(?:want|need))\b"
    r"|吗|怎么|如何|什么|哪|^(?:请|帮|我[要想])",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"ok|okay|thanks?|thank you|thx|yes|yep|no|nope|sure|great|good|fine|cool|nice|bye|sorry|wow|hmm+|test"
    r"|好的?|好吧|谢谢[你您]?|多谢|收到|明白|知道了|可以|嗯+|是的?|不是?|行|没事|辛苦了?|再见|测试",
    re.IGNORECASE,
)
# "3 calls" and "10:30" are no reference, one word such as "unsubscribe" is no sentence.
_NO_SENTENCE = re.compile(r"^\d{1,2}(?!\d)|^\d+[^\d\s,，:：]|^[A-Za-z-]+\W*$")
_DONE = re.compile(r"[了过]")
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
    found = entering.contacts(text)
    return entering.preview(context, text) if any(each.has_key for each in found) else None


@plain
def a_name(context: Context, text: str) -> Reply | None:
    """A few words that fit leads within the person's scope."""
    words = text.strip(" \n?!.,\uff1f\uff01\u3002\uff0c")
    if len(text) > 40 or len(words) < 2:
        return None
    found = leads.find(context.uow, actor=context.actor, words=words)
    return context.reply("found", leads=[lead.id for lead in found]) if found else None


@plain
def follow_up(context: Context, text: str) -> Reply | None:
    """`called, no answer`, 郑欣怡 没接: a sentence that can only be a follow-up is one without a word before it."""
    if len(text) > _LONGEST or _ASKS.search(text) or _NO_SENTENCE.match(text) or _mistyped(context, text):
        return None
    told, _vague = said.understood(context, text)
    if not _tells(told, text):
        return None
    try:
        lead, words = PARSERS[LeadView](context, text)
    except Missing:
        raise MissingArgument(example=_("log L-1042 called, no answer")) from None
    if context.guessed and told.outcome == "do_not_contact":
        raise LeadWanted(leads=[lead.id], rest=words)  # too much to be taken for granted
    return work.log(context, lead, Rest(words))


@plain
def nobody_called_so(context: Context, text: str) -> Reply | None:
    """A name that nobody has: whoever is called much alike, and a way to enter the customer."""
    words = about.bare_name(text)
    if words is None or _ASKS.search(text) or _POLITE.fullmatch(words) or about.begins_sentence(words):
        return None
    if router.match(text):  # a word of a part that is switched off
        return None
    guessed = router.guess(text, context.uow.off)
    guess = str(guessed.data["guess"]) if isinstance(guessed, NotUnderstood) else ""
    single = not guess and " " not in words
    if single or about.full_name(words) or resembling.find(context.uow, actor=context.actor, words=words, most=1):
        raise LeadUnknown(rest=words, guess=guess)
    return None


def _tells(told: FollowUp, text: str) -> bool:
    """Whether it says what came of it, or at least what somebody did."""
    return bool(told.outcome or (told.channel and (about.begins_sentence(text) or _DONE.search(text))))


def _mistyped(context: Context, text: str) -> bool:
    """Whether the first word is rather a command with a letter wrong than a sentence or a name."""
    head = text.split(maxsplit=1)[0]
    if about.begins_sentence(text) or about.tells(head):
        return False
    near = isinstance(router.guess(text, context.uow.off), NotUnderstood)
    return near and not leads.find(context.uow, actor=context.actor, words=head)
