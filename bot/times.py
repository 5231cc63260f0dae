"""Times that somebody wrote, typed or chose in a form, read in the person's own zone and language."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.context import Context
from bot.understanding.when import When, understand_when
from crm.errors import TimeInPast, TimeVague

MORNING = 9


def read(context: Context, words: str) -> When | None:
    """The moment in a text, with where it stands; None where there is none."""
    return understand_when(words, now=context.uow.now, tz=context.actor.timezone, locale=context.actor.locale)


def certain(found: When | None) -> datetime | None:
    """The time understood; None when it is vague. Raises TimeInPast."""
    if found is None or found.vague:
        return None
    if found.past:
        raise TimeInPast
    return found.at


def must(at: datetime | None) -> datetime:
    """Raises TimeVague without a time."""
    if at is None:
        raise TimeVague
    return at


def without(words: str, found: When | None) -> str:
    """What a text says beside the moment in it."""
    return (words[: found.span[0]] + words[found.span[1] :]).strip(" ,，。.:：") if found else words.strip()


def moment(context: Context, words: str) -> datetime:
    """A time that somebody wrote. Raises TimeVague, TimeInPast."""
    if words == "+1h":
        return context.uow.now + timedelta(hours=1)
    if words == "tomorrow":
        return morning(context, 1)
    try:
        local = datetime.fromisoformat(words)
        return (local.replace(tzinfo=context.actor.timezone) if local.tzinfo is None else local).astimezone(
            context.uow.now.tzinfo
        )
    except ValueError:
        return must(certain(read(context, words)))


def of_form(context: Context) -> datetime | None:
    """The time chosen in a form: a date and time, or words. Raises TimeInPast, TimeVague."""
    given = (context.fields.get("when") or context.fields.get("next") or "").strip()
    return moment(context, given) if given else None


def morning(context: Context, days: int) -> datetime:
    """Nine o'clock of the member's own day, or of the one so many days on."""
    local = context.uow.now.astimezone(context.actor.timezone) + timedelta(days=days)
    return local.replace(hour=MORNING, minute=0, second=0, microsecond=0).astimezone(context.uow.now.tzinfo)
