"""Help: first what matters for one's role and what is new to one, then a topic, a word, or all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from bot.cards.language import _
from bot.cards.words import Words
from crm.rules.access import Actor
from crm.services.sources import KEEPERS

if TYPE_CHECKING:
    from bot.router import Command

EVERY_DAY, NEW = 5, 5
CLOSE, CLOSE_IN_CHINESE = 60, 50  # of two characters one may be wrong
TOPICS = {
    "work": _("Work"), "leads": _("Leads"), "pool": _("Pool"), "on": _("Getting on"), "managers": _("Team"),
    "setup": _("Setting up"),
}  # fmt: skip
ALL = ("all", "everything", "全部", "所有")
# By role, what is needed every day; and what is worth knowing next, until it was used once.
DAILY = {
    "manager": ("today", "assign", "funnel", "health", "digest"),
    "admin": ("sources", "here", "rules", "health", "admin"),
    "quality": ("find", "lead", "why", "funnel", "today"),
}
OF_REPS = ("today", "claim", "log", "remind", "my")
NEXT = {
    "manager": ("hold", "transfer", "deal", "rules", "notify", "ask", "remind", "star", "undo", "leave"),
    "admin": ("notify", "assign", "transfer", "lang", "digest", "undo"),
    "quality": ("share", "ask", "notify", "lang"),
}
NEXT_OF_REPS = (
    "claim", "log", "remind", "new", "stage", "note", "undo", "done", "nurture", "ask", "star", "notify", "won",
    "protect", "share", "list", "sort", "release", "merge", "leave",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    example: str
    help: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    lines: list[Example]


@dataclass(frozen=True, slots=True)
class Screen:
    """What one help card says.

    `topics` are those to turn to, by key; `words` all names of the one word asked for; `unknown` what was asked for and
    is nothing, of which the lines are the nearest, where `near`.
    """

    groups: list[Group]
    topics: list[tuple[str, str]]
    words: str = ""
    unknown: str = ""
    near: bool = False


def screen(words: Words, viewer: Actor, commands: Sequence[Command], asked: str, used: frozenset[str]) -> Screen:
    """The card for what was asked: nothing, a topic, a word, or all of it; for what is unknown the nearest words, else
    the first card, and that there is no such word."""
    mine = [each for each in commands if each.roles in _allowed(viewer)]
    topics = [(key, words.say(title)) for key, title in TOPICS.items() if any(each.topic == key for each in mine)]
    if asked in ALL:
        return Screen([_topic(words, mine, key) for key, _title in topics], [])
    if key := next((key for key, title in topics if asked and asked in (key, title.lower())), ""):
        return Screen([_topic(words, mine, key)], topics)
    if exact := [each for each in mine if asked in each.words]:
        return Screen([Group("", [_example(words, each) for each in exact])], topics, " · ".join(exact[0].words))
    if near := [each for each in mine if asked and any(asked in word for word in each.words)]:
        return Screen([Group("", [_example(words, each) for each in near])], topics)
    alike = _alike(words, mine, asked)
    if alike:
        return Screen([Group("", [_example(words, each) for each in alike])], topics, unknown=asked, near=True)
    return Screen(_first(words, viewer, mine, used), topics, unknown=asked)


def _alike(words: Words, mine: Sequence[Command], asked: str) -> list[Command]:
    """The words that are spelled much like it, then those whose description has it; the likest first."""
    if not asked:
        return []
    named = {word: each for each in mine for word in each.words}
    close = CLOSE if asked.isascii() else CLOSE_IN_CHINESE
    alike = process.extract(asked, list(named), scorer=fuzz.ratio, score_cutoff=close, limit=NEW)
    told = [each for each in mine if len(asked) > 1 and asked in words.say(each.help).lower()]
    found = [*(named[word] for word, _score, _at in alike), *told]
    return list({each.words[0]: each for each in found}.values())[:NEW]


def _allowed(viewer: Actor) -> set[str]:
    keeps = ["marketing"] if viewer.role in KEEPERS else []
    return {"everyone", *keeps, *(["manager"] if viewer.is_manager else []), *(["admin"] if viewer.is_admin else [])}


def _first(words: Words, viewer: Actor, mine: Sequence[Command], used: frozenset[str]) -> list[Group]:
    by_word = {each.words[0]: each for each in mine}
    daily = [by_word[word] for word in DAILY.get(viewer.role, OF_REPS) if word in by_word][:EVERY_DAY]
    coming = [by_word[word] for word in NEXT.get(viewer.role, NEXT_OF_REPS) if word in by_word and word not in used]
    fresh = [each for each in coming if each not in daily][:NEW]
    groups = [(_("Every day"), daily), (_("New to you"), fresh)]
    return [Group(words.say(title), [_example(words, each) for each in found]) for title, found in groups if found]


def _topic(words: Words, mine: Sequence[Command], key: str) -> Group:
    return Group(words.say(TOPICS[key]), [_example(words, each) for each in mine if each.topic == key])


def _example(words: Words, command: Command) -> Example:
    return Example(command.example_zh if words.locale == "zh" else command.example, words.say(command.help))
