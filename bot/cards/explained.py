"""Refusals, reasons and help in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.cards.language import _
from bot.cards.words import Words
from crm import errors
from crm.rules.access import Actor

TOPICS = {
    "work": _("Work"), "pool": _("Pool"), "leads": _("Leads"), "managers": _("Managers"), "setup": _("Setting up"),
    "on": _("Getting on"),
}  # fmt: skip
PERIODS = {"day": _("today"), "week": _("this week")}
ROLES = {"managers": _("managers"), "admins": _("admins"), "reps": _("sales people")}
# Why a colleague was passed over, as the dispatcher's codes.
PASSED_OVER = {
    "inactive": _("has left"), "off_duty": _("off duty"), "out_of_hours": _("outside working hours"), "on_leave": _("on leave"),
    "at_capacity": _("holds as many leads as allowed"), "over_daily_cap": _("has had the day's share"),
    "condition": _("does not fit the rule"), "declined": _("had it before"), "not_their_turn": _("not their turn"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topic:
    title: str
    lines: list[Example]


@dataclass(frozen=True, slots=True)
class Example:
    example: str
    help: str


def refusal(words: Words, name_of: Callable[[int | None], str], code: str, data: Mapping[str, Any]) -> str:
    """The sentence of a refusal, its ids resolved to names, its times local."""
    kind = errors.every().get(code, errors.Refusal)
    return words.say(kind.message, **{key: _value(words, name_of, key, value) for key, value in data.items()})


def _value(words: Words, name_of: Callable[[int | None], str], key: str, value: Any) -> Any:
    if key.endswith("_id") and (value is None or isinstance(value, int)):
        return name_of(value)
    if key in ("until", "again") and isinstance(value, str):
        return words.at(datetime.fromisoformat(value))
    if key == "period":
        return words.say(PERIODS.get(value, value))
    if key == "roles":
        return words.say(ROLES.get(value, value))
    return value


def topics(words: Words, viewer: Actor, commands: list[Any], chosen: str) -> list[Topic]:
    """The commands that this member may use, by topic, each with an example."""
    allowed = {"everyone", *(["manager"] if viewer.is_manager else []), *(["admin"] if viewer.is_admin else [])}
    found = []
    for key, title in TOPICS.items():
        mine = [each for each in commands if each.topic == key and each.roles in allowed and _fits(each, chosen)]
        lines = [Example(each.example_zh if words.locale == "zh" else each.example, words.say(each.help)) for each in mine]
        if lines:
            found.append(Topic(words.say(title), lines))
    return found


def _fits(command: Any, chosen: str) -> bool:
    return not chosen or chosen == command.topic or any(chosen in word for word in command.words)


def passed_over(words: Words, code: str) -> str:
    return words.say(PASSED_OVER.get(code, code))
