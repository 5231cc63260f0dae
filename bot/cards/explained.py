"""Refusals and reasons in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.cards import conditions, overrides
from bot.cards.language import _, translate
from bot.cards.words import Words
from crm import errors
from crm.period import Period
from crm.rules.access import Actor
from crm.services.explain import Why

PERIODS = {"day": _("today"), "week": _("this week")}
ROLES = {
    "managers": _("managers"), "admins": _("admins"), "reps": _("sales people"),
    "keepers": _("marketing, managers and admins"), "marketers": _("marketing and admins"),
}  # fmt: skip
# What a field of the rule set takes.
TAKES = {
    "whole": _("a whole number"), "number": _("a number"), "positive": _("a number above 0"),
    "period": _("a period such as 30m, 24h, 7d or 3wd"), "yes_no": _("true or false"), "list": _("a list in brackets"),
    "words": _("words"), "fields": _("fields of its own, so set one of those"),
}  # fmt: skip
# Why a free lead is kept from everybody.
KEPT = {
    "offer": _("it is offered to a colleague"), "paused": _("its rule is paused"),
    "person": _("a manager keeps it back"), "desk": _("it lies on a manager's desk"),
    "policy": _("it must not be sold to now"), "nurture": _("it is parked"),
}  # fmt: skip
# Why a colleague was passed over, as the dispatcher's codes.
PASSED_OVER = {
    "inactive": _("has left"), "off_duty": _("off duty"), "out_of_hours": _("outside working hours"),
    "on_leave": _("on leave"),
    "declined": _("declined it"), "silent": _("did not answer the offer"),
    "no_response": _("had it without getting in touch"),
    "at_capacity": _("holds as many leads as allowed"), "over_daily_cap": _("has had the day's share"),
    "over_weekly_cap": _("has had the week's share"), "over_monthly_cap": _("has had the month's share"),
    "condition_not_met": _("is not among those whom the rule asks for"),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    text: str
    detail: str


# What became of a lead, by the outcome of the decision.
OUTCOMES = {
    "assigned": _("Dispatched to {member}"), "pooled": _("Put into the pool: nobody was available"),
    "held": _("Held: nobody was available"), "held_branch": _("Held for its branch: nobody was available there"),
    "held_behind": _("Held: others have waited longer, and go first"),
    "taken": _("Somebody took it meanwhile"),
    "no_rule": _("Put into the pool: no rule deals such leads"),
    "offered": _("Offered to {member}"), "accepted": _("{member} accepted the offer"),
    "declined": _("{member} declined the offer"), "expired": _("{member} did not answer the offer in time"),
    "paused": _("Waits in order: its rule is paused"), "policy": _("Kept back: it is not to be sold to now"),
    "grouped": _("Laid before the whole team: the first tap wins"),
    "opened": _("No one of the team took it: all of the pool may"),
    "desk": _("Laid on the manager's desk"), "desk_late": _("Nobody dealt it from the desk in time"),
    "line_parked": _("Parked until its day: it follows a purchase"),
    "line_opened": _("Opened: it follows a purchase"),
    "nudged": _("{member} was reminded of the first contact"),
    "manager_told": _("The manager of {member} was told that the first contact is missing"),
    "taken_back": _("Taken from {member}: no first contact in time"),
    "alike": _("Looks like a customer who is known: {member} was asked"),
    "different": _("Not the customer whom it looks like"),
    "shared": _("Shared: a colleague works with the same customer"),
    "kept_apart": _("Looks like a customer who is known; nobody decided in time"),
    "merged": _("Another lead of the same customer was merged into it"),
    "merged_away": _("Merged into another lead of the same customer"),
    "unmerged": _("Taken apart again from the other customer"),
    "recycled": _("Taken back from {member}"), "stopped": _("A recycle run was stopped"),
}  # fmt: skip


def reasons(
    words: Words, viewer: Actor, name_of: Callable[[int | None], str], decisions: list[Why], *, full: bool = True
) -> list[Reason]:
    """Decisions in words, newest first; what they tell of a member is for that one, managers above, and admins.

    Args:
        full: also what people wrote about the lead.
    """
    told = [made for made in decisions if made.kind != "refusal" or _may_know(viewer, made.member_id, made.path)]
    ordered = sorted(told, key=lambda made: (made.at, made.id), reverse=True)
    return [
        Reason(_refused(words, name_of, made), _version(words, made)) if made.kind == "refusal"
        else Reason(overrides.headline(words, made), overrides.detail(words, made, full=full))
        if made.kind in overrides.KINDS
        else Reason(_headline(words, made), _detail(words, viewer, made))
        for made in ordered
    ]  # fmt: skip


def _may_know(viewer: Actor, member_id: int | None, path: tuple[int, ...]) -> bool:
    return viewer.id == member_id or viewer.is_admin or viewer.manages_any(path)


def _refused(words: Words, name_of: Callable[[int | None], str], made: Why) -> str:
    sentence = refusal(words, name_of, made.outcome, made.facts)
    said = words.say(_("Refused to {member}: “{words}”"), member=made.member, words=sentence)
    return f"{words.at(made.at)} · {said}"


def _version(words: Words, made: Why) -> str:
    return words.say(_("version {n}"), n=made.rule_version) if made.rule_version else words.say(_("built-in rules"))


def why_me(words: Words, decision: Why | None) -> str:
    """Why a dispatched lead came to its owner, in half a line."""
    if decision is None or decision.rule is None:
        return words.say(_("your manager's choice"))
    if decision.rule == "affinity":
        return words.say(_("you know this customer"))
    busy = [one for one in decision.passed_over if one.why]
    return (
        words.say(_("rule “{rule}”, your turn; {n} not available"), rule=decision.rule, n=len(busy))
        if busy
        else words.say(_("rule “{rule}”, your turn"), rule=decision.rule)
    )


def _headline(words: Words, made: Why) -> str:
    outcome = "no_rule" if made.outcome == "pooled" and made.rule is None else made.outcome
    if outcome == "held":
        outcome = next((f"held_{why}" for why in ("branch", "behind") if made.facts.get(why)), outcome)
    said = words.say(OUTCOMES.get(outcome, "{outcome}"), member=made.member or "–", outcome=outcome)
    return f"{words.at(made.at)} · {said}"


def _detail(words: Words, viewer: Actor, made: Why) -> str:
    parts = []
    if made.facts.get("anchor"):
        parts.append(conditions.missing(words, made.facts["anchor"], made.facts.get("period"), made.rule))
    if made.rule:
        name = conditions.rule_name(words, made.rule)
        parts.append(words.say(_("rule “{rule}” ({version})"), rule=name, version=_version(words, made)))
    if made.facts.get("branch"):
        parts.append(words.say(_("the part of {branch}"), branch=made.facts["branch"]))
    parts += [str(made.facts[key]) for key in ("source", "region", "level", "product") if made.facts.get(key)]
    passed = [one for one in made.passed_over if one.why and _may_know(viewer, one.member_id, one.path)]
    parts += [
        f"{one.name}: {translate(words.locale, PASSED_OVER.get(str(one.why), str(one.why)))}" for one in passed[:6]
    ]
    return " · ".join(parts)


def refusal(words: Words, name_of: Callable[[int | None], str], code: str, data: Mapping[str, Any]) -> str:
    """The sentence of a refusal, its ids resolved to names, its times local."""
    kind = errors.every().get(code, errors.Refusal)
    if words.locale == "zh":
        data = {**data, **{name.removesuffix("_zh"): told for name, told in data.items() if name.endswith("_zh")}}
    return words.say(kind.message, **{key: _value(words, name_of, key, value) for key, value in data.items()})


def _value(words: Words, name_of: Callable[[int | None], str], key: str, value: Any) -> Any:
    if key.endswith("_id") and (value is None or isinstance(value, int)):
        return name_of(value)
    if not isinstance(value, str):
        return value
    if key in ("until", "again"):
        return words.at(datetime.fromisoformat(value))
    if key == "within":
        return conditions.length(words, Period.parse(value))
    if key == "example":
        return translate(words.locale, value)
    named = {"period": PERIODS, "roles": ROLES, "kept": KEPT, "takes": TAKES}.get(key, {})
    return words.say(named[value]) if value in named else value
