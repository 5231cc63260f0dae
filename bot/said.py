"""What a follow-up says: a sentence, or a piece of another chat that was pasted."""

from __future__ import annotations

from bot import times
from bot.context import Context
from bot.understanding.excerpt import Excerpt, find_excerpt
from bot.understanding.sentence import understand
from bot.understanding.text import has_chinese
from crm.rules.catalogue_words import mentioned
from crm.services import catalogue
from crm.services.follow_ups import FollowUp


def understood(context: Context, words: str) -> tuple[FollowUp, bool]:
    """What the words say, and whether they speak of a next time too vaguely. Raises TimeInPast."""
    if found := excerpt(context, words):
        return _of_excerpt(context, words, found), False
    told = understand(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    follow_up = FollowUp(
        note=told.note or words, outcome=told.outcome, channel=told.channel, step=told.stage, amount=told.amount,
        currency=told.currency, next_at=times.certain(told.next_at) or times.of_form(context),
        next_words=told.next_text, named=mentioned(catalogue.of(context.uow), words),
    )  # fmt: skip
    return follow_up, told.next_at is not None and told.next_at.vague


def excerpt(context: Context, words: str) -> Excerpt | None:
    """The piece of a chat that was pasted, if it is one."""
    day_first = context.viewer.locale == "zh" or not context.viewer.timezone.key.startswith("America/")
    return find_excerpt(words, now=context.uow.now, tz=context.viewer.timezone, day_first=day_first)


def _of_excerpt(context: Context, words: str, found: Excerpt) -> FollowUp:
    """Of what others said only the outcome is guessed: a time in it may be anybody's."""
    theirs = [each.words for each in found.messages if not _is(context, each.name)]
    told = understand("\n".join(theirs), now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)
    channel = "wechat" if context.interaction.platform == "wecom" or has_chinese(words) else "message"
    return FollowUp(
        note=words, outcome=told.outcome or "connected", channel=channel, occurred_at=min(found.at, context.uow.now),
        next_at=times.of_form(context),
    )  # fmt: skip


def others(context: Context, found: Excerpt) -> list[str]:
    """Who speaks in an excerpt beside the person who pasted it."""
    return [name for name in found.names if not _is(context, name)]


def _is(context: Context, name: str) -> bool:
    own = context.actor.name.casefold()
    return own in name.casefold() or name.casefold() in own
