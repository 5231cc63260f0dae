"""A team's week in words: what is unhealthy, who it is about, and the change of the rules that may cure it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.cards.explained import PASSED_OVER
from bot.cards.language import _
from bot.cards.reports import Line, span
from bot.cards.words import Words
from crm.rules import health
from crm.rules.health import Change, Health, Starving
from crm.rules.periods import Period
from crm.rules.ruleset import Rules

MOST = 5  # names in one line


@dataclass(frozen=True, slots=True)
class Found:
    """A finding; `change` is what a rehearsal takes, empty where no rule cures it."""

    text: str
    detail: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Week:
    """The findings, and the figures of a week that has none too."""

    findings: list[Found]
    lines: list[Line]


# What was decided, by the kind of the decision.
KINDS = {
    "dispatch": _("Dispatch"), "recycle": _("Recycled"), "offer": _("Offers"), "refusal": _("Refused claims"),
    "override": _("People over rules"), "nurture": _("Parked and back"), "response": _("First responses"),
    "line": _("After a purchase"), "merge": _("One customer, one record"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """How many decisions of which kind there were in these days."""

    span: str
    lines: list[Line]


def decided(words: Words, period: Period, counts: Mapping[str, int]) -> Decided:
    """The figures of an export."""
    lines = [Line(words.say(KINDS.get(kind, kind)), words.number(many)) for kind, many in counts.items()]
    return Decided(span(words, period), lines)


def shown(words: Words, found: Health, rules: Rules) -> Week:
    """The week as its card says it."""
    makers = (_hoarding, _dropping, _slowness, _starving)
    return Week([one for make in makers if (one := make(words, found, rules))], _lines(words, found))


def _hoarding(words: Words, found: Health, rules: Rules) -> Found | None:
    reps = found.hoarders
    many, idle = sum(rep.idle for rep in reps), rules.health.idle.longest
    text = _("{n} leads held without follow-up for more than {span}")
    who = [words.say(_("{name}: {n} of {m}"), name=rep.name, n=rep.idle, m=rep.held) for rep in reps]
    change = health.against_hoarding(found, rules)
    return _found(words, words.say(text, n=many, span=words.span(idle)), who, change) if reps else None


def _dropping(words: Words, found: Health, rules: Rules) -> Found | None:
    reps = found.droppers
    who = [words.say(_("{name}: {n} of {m}"), name=rep.name, n=rep.dropped, m=rep.claimed) for rep in reps]
    text = words.say(_("{n} leads claimed and let go without contact"), n=sum(rep.dropped for rep in reps))
    return _found(words, text, who, health.against_dropping(found, rules)) if reps else None


def _slowness(words: Words, found: Health, rules: Rules) -> Found | None:
    if not found.is_slower or found.now.median is None or found.before.median is None:
        return None
    text = words.say(
        _("First contacts take {now}; in the four weeks before it was {before}"),
        now=words.span(found.now.median), before=words.span(found.before.median),
    )  # fmt: skip
    return _found(words, text, [], health.against_slowness(found, rules))


def _starving(words: Words, found: Health, rules: Rules) -> Found | None:
    who = [words.say(_("{name}: {why}"), name=one.name, why=_kept(words, one)) for one in found.starving]
    text = words.say(_("On duty, and dealt nothing"))
    return _found(words, text, who, health.against_starving(found, rules)) if who else None


def _kept(words: Words, one: Starving) -> str:
    rule = words.say(_("rule “{rule}”"), rule=one.rule)
    return f"{rule}, {words.say(PASSED_OVER.get(one.why, one.why))}" if one.why else rule


def _found(words: Words, text: str, who: list[str], change: Change | None) -> Found:
    parts = [*who[:MOST], *([words.say(_("{n} more"), n=len(who) - MOST)] if len(who) > MOST else [])]
    if change:
        was = change.was or words.say(_("no limit"))
        parts.append(words.say(_("try {path}: {was} → {now}"), path=change.path, was=was, now=change.value))
    return Found(text, " · ".join(parts), change.written if change else "")


def _lines(words: Words, found: Health) -> list[Line]:
    return [*_speed(words, found), *_dealt(words, found)]


def _speed(words: Words, found: Health) -> Iterable[Line]:
    if found.now.median is None:
        return
    value = words.span(found.now.median)
    if found.before.median is not None:
        value = words.say(_("{now}; before {before}"), now=value, before=words.span(found.before.median))
    yield Line(words.say(_("To the first contact")), value)


def _dealt(words: Words, found: Health) -> Iterable[Line]:
    for rule in found.dealt[:MOST]:
        value = words.say(_("{n} leads"), n=rule.total)
        if rule.least is not None and rule.least == rule.most:
            value = words.say(_("{n} leads, {most} each"), n=rule.total, most=rule.most)
        elif rule.least is not None:
            value = words.say(_("{n} leads, {least} to {most} each"), n=rule.total, least=rule.least, most=rule.most)
        yield Line(words.say(_("rule “{rule}”"), rule=rule.rule), value)
