"""The rule set in words: what is in force, who changed it when, and what a rehearsed one would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.cards import conditions
from bot.cards.language import _
from bot.cards.words import Words
from crm.rules import edits
from crm.rules.ruleset import Dispatch, Recycle, Rules
from crm.services.rehearsing import Rehearsal

SHOWN, PEOPLE, RESPONSES = 8, 5, 3

STRATEGIES = {
    "round_robin": _("in turn"), "weighted": _("by weight"), "least_loaded": _("to whom holds least"),
    "direct": _("in the order written"),
}  # fmt: skip
MODES = {
    "assign": _("assigned at once"), "offer": _("offered"), "group": _("for the first of the team"),
    "desk": _("on the manager's desk"),
}  # fmt: skip

Name = Callable[[int], str]
Names = Mapping[str, str]  # of pools or teams, by their keys


@dataclass(frozen=True, slots=True)
class Line:
    """What a row or field says."""

    label: str
    value: str


def in_words(words: Words, rules: Rules) -> Iterator[Line]:
    """What matters most of the rules, a line each."""
    yield from _claiming(words, rules)
    if rules.protect.most:
        longest = conditions.length(words, rules.protect.longest)
        yield Line(
            words.say(_("Protection")), words.say(_("{n} leads, {span} at most"), n=rules.protect.most, span=longest)
        )
    for rule in rules.first_response[:RESPONSES]:
        within = conditions.length(words, rule.within)
        yield Line(words.say(_("First response")), words.say(_("within {span} ({rule})"), span=within, rule=rule.name))
    if rules.notices.quiet:
        yield Line(words.say(_("Quiet hours")), str(rules.notices.quiet))


def _claiming(words: Words, rules: Rules) -> Iterator[Line]:
    claim = rules.claim
    yield Line(words.say(_("Claims")), _claims(words, claim.per_day, claim.per_week))
    yield Line(words.say(_("Open leads")), _limit(words, claim.capacity.default))
    yield Line(words.say(_("Past owners wait")), conditions.length(words, claim.cool_down))


def recycling(words: Words, rules: Rules, pools: Names) -> list[Line]:
    """Each recycle rule: what is missing, and where the lead goes."""
    return [_taken_back(words, rule, pools) for rule in rules.recycle]


def dealing(words: Words, rules: Rules, teams: Names) -> list[Line]:
    """Each dispatch rule: to whom, and how."""
    return [_dealt(words, rule, teams) for rule in rules.dispatch]


def _claims(words: Words, day: int | None, week: int | None) -> str:
    if week is None:
        return words.say(_("{n} a day"), n=_limit(words, day))
    return words.say(_("{n} a day, {m} a week"), n=_limit(words, day), m=week)


def _limit(words: Words, limit: int | None) -> str:
    return words.say(_("any number")) if limit is None else str(limit)


def _taken_back(words: Words, rule: Recycle, pools: Names) -> Line:
    said = conditions.missing(words, rule.anchor, str(rule.period), rule.name)
    to = (
        words.say(_("to {pool}"), pool=pools.get(rule.to, rule.to))
        if rule.to
        else words.say(_("to the pool it came from"))
    )
    return Line(conditions.rule_name(words, rule.name), f"{said} → {to}")


def _dealt(words: Words, rule: Dispatch, teams: Names) -> Line:
    departments = (teams.get(key, key) for key in rule.to.departments)
    to = ", ".join((*departments, *rule.to.members, *rule.to.tags)) or ", ".join(rule.to.roles)
    return Line(rule.name, f"{to} · {words.say(STRATEGIES[rule.strategy])} · {words.say(MODES[rule.mode])}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal found, in words.

    Attributes:
        changes, figures: fields; owners, dealt: rows of people.
        losing: references of leads that the new rules alone would take; `notes`: sentences.
    """

    changes: list[Line]
    more: int
    figures: list[Line]
    owners: list[Line]
    dealt: list[Line]
    losing: list[str]
    notes: list[str]


def outcome(words: Words, found: Rehearsal, name: Name, most: int = PEOPLE) -> Outcome:
    """A rehearsal that is done. Args: name: a member's name by id; most: so many people of each kind."""
    result, clocks = found.result, found.result["clocks"]
    listed = result["changes"]["first"][: max(SHOWN, most)]
    return Outcome(
        changes=[_changed(words, **one) for one in listed],
        more=result["changes"]["many"] - len(listed),
        figures=[*_clock_figures(words, clocks), *_turn_figures(words, result["turns"])],
        owners=_owners(words, clocks, name, most),
        dealt=_dealt_to(words, result["turns"], name, most),
        losing=_named(words, clocks),
        notes=list(_notes(words, result, name)),
    )


def _clock_figures(words: Words, clocks: dict[str, Any]) -> Iterator[Line]:
    yield Line(words.say(_("Due at once")), _change(words, *clocks["now"]))
    yield Line(words.say(_("Due within 7 days")), _change(words, *clocks["week"]))
    if clocks["lost"] or clocks["saved"]:
        yield Line(words.say(_("Go earlier / stay")), f"{clocks['lost']} / {clocks['saved']}")


def _turn_figures(words: Words, turns: dict[str, Any]) -> Iterator[Line]:
    if not turns["leads"]:
        return
    yield Line(words.say(_("Leads of 30 days, dealt")), _change(words, _given(turns["before"]), _given(turns["after"])))
    if turns["fairness"]:
        least, most = (words.percent(round(part, 2)) for part in turns["fairness"])
        yield Line(words.say(_("Each of what is due")), f"{least} – {most}")
    median = turns["waits"][1]["median"]
    if median is not None:
        yield Line(words.say(_("Waiting, typically")), words.span(timedelta(seconds=median)))


def _given(outcomes: dict[str, int]) -> int:
    """How many leads came to somebody, whatever way."""
    return sum(outcomes.get(each, 0) for each in ("assigned", "offered", "dealt", "known", "group", "grouped", "desk"))


def _named(words: Words, clocks: dict[str, Any]) -> list[str]:
    refs = [row["ref"] for row in clocks["losing"]]
    more = clocks["lost"] - len(refs)
    return [*refs, words.say(_("{n} more"), n=words.number(more))] if more else refs


def _owners(words: Words, clocks: dict[str, Any], name: Name, most: int) -> list[Line]:
    rows = [row for row in clocks["owners"] if row["week"][0] != row["week"][1]][:most]
    due = words.say(_("due within 7 days"))
    return [Line(name(row["member"]), f"{due}: {_change(words, *row['week'])}") for row in rows]


def _dealt_to(words: Words, turns: dict[str, Any], name: Name, most: int) -> list[Line]:
    rows = [row for row in turns["members"] if row["got"] != row["would"]][:most]
    got = words.say(_("leads of 30 days"))
    return [Line(name(row["member"]), f"{got}: {_change(words, row['got'], row['would'])}") for row in rows]


def _notes(words: Words, result: dict[str, Any], name: Name) -> Iterator[str]:
    over, starving = result["over"]["members"], result["turns"]["starving"]
    if over:
        names = ", ".join(f"{name(row['member'])} ({row['holding']} / {row['cap']})" for row in over[:PEOPLE])
        yield words.say(_("Over the limit; they keep what they have and get no more: {names}"), names=names)
    if starving:
        names = ", ".join(name(member) for member in starving[:PEOPLE])
        yield words.say(_("Would get nothing although it is their turn: {names}"), names=names)


def _change(words: Words, before: int, after: int) -> str:
    return words.number(after) if before == after else f"{words.number(before)} → {words.number(after)}"


def _changed(words: Words, path: str, before: Any, after: Any, *, whole: bool) -> Line:
    if whole:
        return Line(path, words.say(_("removed") if after is None else _("added")))
    return Line(path, f"{_value(before)} → {_value(after)}")


def _value(value: Any) -> str:
    """As it is written, on one line."""
    return "–" if value in (None, [], {}) else edits.dumped(value)
