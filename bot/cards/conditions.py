"""The recycle clock in words: what was missing and for how long, and what keeps a lead."""

from __future__ import annotations

from bot.cards.language import _, translate
from bot.cards.words import Words
from crm.period import Period
from crm.rules.ruleset import Rules

MISSING = {
    "no_first_contact": _("no first contact within {period}"),
    "no_follow_up": _("no follow-up for {period}"),
    "not_converted": _("not won within {period}"),
    "stuck_in_stage": _("in the same stage for {period}"),
}
KEEPS = {
    "no_first_contact": _("No contact within {period} so far. Reach the customer once, log it, and it stays yours."),
    "no_follow_up": _("No follow-up for {period}. Log one and it stays yours."),
    "not_converted": _("Not won within {period}. Win it, or extend it if it needs time."),
    "stuck_in_stage": _("In the same stage for {period}. Move it on and it stays yours."),
}
LENGTHS = {
    "m": _("{n} min"), "h": _("{n} h"), "d": _("{n} d"), "wh": _("{n} working h"), "wd": _("{n} working d"),
}  # fmt: skip
BUILT_IN_RULES = (_("first contact"), _("follow-up"), _("not converted"))


def rule_name(words: Words, name: str | None) -> str:
    """A recycle rule's name; the built-in ones are translated."""
    return translate(words.locale, name) if name else "–"


def missing(words: Words, anchor: str | None, period: str | None, rule: str | None) -> str:
    """Why a lead was taken back, as the decision recorded it; the rule's name where it recorded no more."""
    if anchor not in MISSING or not period:
        return rule_name(words, rule)
    return words.say(MISSING[anchor], period=length(words, Period.parse(period)))


def keeps(words: Words, rules: Rules, rule: str | None) -> str:
    """What the owner of a lead has to do before the rule takes it back."""
    found = next((one for one in rules.recycle if one.name == rule), None)
    if found is None:
        return words.say(_("One follow-up keeps it."))
    return words.say(KEEPS[found.anchor], period=length(words, found.period))


def length(words: Words, period: Period) -> str:
    """A period of a rule, such as `14 d` or `3 working d`."""
    return words.say(LENGTHS[period.unit], n=period.amount)
