"""Answering an offer: yes, or no with a reason."""

from __future__ import annotations

import re

from bot.arguments import Rest
from bot.cards.language import _
from bot.context import Context, Reply
from bot.router import action, command
from crm.errors import MissingArgument
from crm.errors_of_offers import NothingOffered
from crm.services import handing, offers

MODULE = "core"
_NAMED = re.compile(r"\s*([LlＬ#＃]\s?[-－–—]?\s?\d+|\d+)(?!\d)[\s,，:：]*")


@command(
    "accept",
    "接受",
    help=_("Take a lead that is offered to you"),
    example="accept L-1042",
    example_zh="接受 L-1042",
    topic="pool",
)
@action("offer.accept", guards=False)
def accept(context: Context, words: Rest | None = None) -> Reply:
    which, _more = _offered(context, words or "", _("accept L-1042"))
    return context.reply("claimed", lead=handing.accept(context.uow, actor=context.actor, ref=which))


@command(
    "decline",
    "婉拒",
    help=_("Say no to a lead that is offered to you, with a reason"),
    example="decline L-1042 not my product",
    example_zh="婉拒 L-1042 不是我的产品",
    topic="pool",
)
@action("offer.decline", guards=False)
def decline(context: Context, words: Rest | None = None) -> Reply:
    which, reason = _offered(context, words or "", _("decline L-1042 not my product"))
    given = context.fields.get("reason") or reason
    if not given:
        return context.form("decline_form", ref=handing.asked(context.uow, actor=context.actor, ref=which).ref)
    offer = handing.decline(context.uow, actor=context.actor, ref=which, reason=given)
    context.stays()
    return context.reply("declined", ref=offer.ref)


def _offered(context: Context, words: str, example: str) -> tuple[str, str]:
    """The lead that is named, else the only one it can be: "it" means what is on offer here; and the words after it."""
    named = _NAMED.match(words)
    return (named[1], words[named.end() :].strip()) if named else (_only(context, example), words.strip())


def _only(context: Context, example: str) -> str:
    """The lead of the quoted card, or the only one on offer. Raises NothingOffered, MissingArgument."""
    if context.interaction.quoted:
        return context.interaction.quoted
    held = offers.mine(context.uow, actor=context.actor)
    if not held:
        raise NothingOffered
    if len(held) != 1:
        raise MissingArgument(example=example)
    return held[0].ref
