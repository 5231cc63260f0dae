"""Understands one line of a follow-up, such as "called, wants a quote, call back tomorrow 3pm" or 没接，明天再打.

The note keeps every word as typed; what is understood goes beside it and onto the card, where one tap corrects it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bot.understanding.channel import find_channel, find_stage
from bot.understanding.money import find_money
from bot.understanding.next_step import find_next_step
from bot.understanding.outcome import find_outcome
from bot.understanding.text import clauses, fold
from bot.understanding.when import LONGEST, When, find_moments


@dataclass(frozen=True, slots=True)
class FollowUpSentence:
    """What a sentence says; None where it says nothing.

    outcome: connected, no_answer, interested, not_interested, wrong_number, do_not_contact, meeting_set,
    quote_requested or callback. channel: call, visit, message, email, wechat, meeting or note.
    stage: a funnel step. next_at may be vague, then the caller asks back; next_text is what to do then.
    """

    note: str
    outcome: str | None = None
    channel: str | None = None
    stage: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    next_at: When | None = None
    next_text: str | None = None


def understand(text: str, *, now: datetime, tz: ZoneInfo, locale: str) -> FollowUpSentence:
    """Reads a follow-up in English, Chinese or both; only the first 4,000 characters count. Never raises."""
    folded = fold(text[:LONGEST])
    moments = find_moments(text, now=now, tz=tz, locale=locale)
    step = find_next_step(folded, moments)
    clause = step.clause if step else None
    money = find_money(folded, [when.span for when in moments])
    channel = find_channel(folded, clause)
    return FollowUpSentence(
        note=text.strip(),
        outcome=find_outcome(folded, clause, vague=bool(step and step.when.vague)) or _outcome_of(channel, folded),
        channel=channel,
        stage=find_stage(folded, clause),
        amount=money.amount if money else None,
        currency=money.currency if money else None,
        next_at=step.when if step else None,
        next_text=step.text if step else None,
    )


def _outcome_of(channel: str | None, folded: str) -> str | None:
    """A call or a meeting that somebody has more to tell of, and did not call in vain, has connected."""
    return "connected" if channel in ("call", "meeting") and len(list(clauses(folded))) > 1 else None
