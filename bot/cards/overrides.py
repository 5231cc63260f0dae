"""What people decided over the rules, and how parked leads came back, in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.cards.language import _
from bot.cards.words import Words
from crm.services.explain import Why

KINDS = frozenset({"override", "nurture"})
HEADLINES = {
    "held": _("{by} put it on hold until {until}"), "unheld": _("{by} ended the hold"),
    "parked": _("{by} parked it until {until}"), "paused": _("{by} paused the rule “{rule}” until {until}"),
    "resumed": _("{by} let the rule “{rule}” go on"), "rewound": _("{by} took the run R-{run} back"),
    "frozen": _("The clock stands still until {until}: {member} has left"),
    "handed_over": _("Handed over to {member} by {by}"),
    "fell_to": _("Handed over to {member} by the rule: nobody had decided in time"),
    "left_to_pool": _("Put into the pool by the rule: nobody had taken over from {member}"),
    "given_back": _("{by} gave it back to {member}"),
    "woken": _("Back with {member} as wave {wave}"), "freed": _("Back as wave {wave}, to be dealt anew"),
}  # fmt: skip
BECAUSE = {
    "time": _("its time has come"), "touch": _("the customer came in again"), "person": _("it was fetched back"),
}  # fmt: skip


def headline(words: Words, made: Why) -> str:
    """What was decided, and by whom."""
    facts = {"wave": "?", "run": "?"} | made.facts
    figures: dict[str, Any] = {
        "by": made.by or "–", "member": made.member or "–", "rule": made.rule or "–", "wave": facts["wave"],
        "run": facts["run"], "until": moment(words, facts.get("until")),
    }  # fmt: skip
    return (
        f"{words.at(made.at)} · {words.say(HEADLINES.get(made.outcome, '{outcome}'), outcome=made.outcome, **figures)}"
    )


def detail(words: Words, made: Why, *, full: bool) -> str:
    """Why. Args: full: with the reason in the person's own words."""
    parts = [words.say(BECAUSE[made.facts["because"]])] if made.facts.get("because") in BECAUSE else []
    if made.facts.get("signal"):
        parts.append(words.say(_("waited for: {signal}"), signal=made.facts["signal"]))
    if full and made.reason:
        parts.append(words.say(_("reason: {reason}"), reason=made.reason))
    return " · ".join(parts)


def moment(words: Words, iso: str | None) -> str:
    """A moment as decisions keep it."""
    return words.at(datetime.fromisoformat(iso)) if iso else "–"


def comeback(words: Words, entry: dict[str, Any] | None) -> str:
    """Why a lead of a later wave is back."""
    if entry is None or not entry["data"].get("because"):
        return ""
    data = entry["data"]
    said = words.say(
        _("Wave {wave}: back since {when}, {because}"), wave=data["wave"], when=words.at(entry["at"]),
        because=words.say(BECAUSE[data["because"]]),
    )  # fmt: skip
    return f"{said} ({words.say(_('waited for: {signal}'), signal=data['signal'])})" if data.get("signal") else said
