"""Which function a word or a button means. Handlers register themselves; words on the wire are literals for ever."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

from rapidfuzz import fuzz, process

from bot import arguments, handlers, measures, parts
from bot.context import Context, Reply
from bot.understanding.text import fold
from crm.errors import BadArgument, MissingArgument, NotUnderstood, OldCard, UnknownWord
from crm.errors_of_asking import FileUnwanted
from crm.errors_of_interfaces import ModuleOff
from crm.rules import file_kinds

Handler = Callable[..., Reply]
F = TypeVar("F", bound=Handler)

_CLOSE_ENOUGH, _CLOSE_ENOUGH_IN_CHINESE = 70, 50
_SHORT_CHINESE = re.compile(r"[\u3400-\u9fff]{2,4}")
_CJK = re.compile(r"[\u3400-\u9fff]")
_FIGURES = re.compile(r"(?:l\s?-?\s?|#)?\d{1,9}|next|下一[个条]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """A word and what it does. `roles` is who sees it in help: everyone, marketing, manager or admin."""

    words: tuple[str, ...]
    call: Handler
    wants: tuple[arguments.Parameter, ...]
    help: str
    example: str
    example_zh: str
    topic: str
    roles: str
    module: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button, choice or form. With `guards`, a tap on a card of an older version only refreshes it."""

    names: tuple[str, ...]
    call: Handler
    wants: tuple[arguments.Parameter, ...]
    guards: bool
    module: str


_COMMANDS: dict[str, Command] = {}
_ACTIONS: dict[str, Action] = {}
_EVENTS: dict[str, Callable[[Context], Reply | None]] = {}
EVENT_MODULES: dict[str, str] = {}
_PLAIN: list[Callable[[Context, str], Reply | None]] = []


def command(
    *words: str,
    help: str,  # noqa: A002  (it reads as what it is where commands are declared)
    example: str,
    example_zh: str = "",
    topic: str = "work",
    roles: str = "everyone",
    module: str = "",
) -> Callable[[F], F]:
    """Register a function under English and Chinese words. Args: module: where it is not the file's own."""

    def register(call: F) -> F:
        shown = (help, example, example_zh or example, topic, roles)
        entry = Command(words, call, arguments.parameters(call), *shown, module or _module_of(call))
        _COMMANDS.update(dict.fromkeys(words, entry))
        parts.WORDS.update(dict.fromkeys(words, entry.module))
        return call

    return register


def action(name: str, *, was: tuple[str, ...] = (), guards: bool = True, module: str = "") -> Callable[[F], F]:
    """Register a function under a button's name; `was` are names on cards posted by earlier versions."""

    def register(call: F) -> F:
        entry = Action((name, *was), call, arguments.parameters(call), guards, module or _module_of(call))
        _ACTIONS.update(dict.fromkeys(entry.names, entry))
        parts.ACTIONS.update(dict.fromkeys(entry.names, entry.module))
        return call

    return register


def _module_of(call: Callable[..., Any]) -> str:
    """What the file of handlers says of itself; empty where it says nothing, which a test finds."""
    return str(call.__globals__.get("MODULE", ""))


@cache
def load() -> None:
    """Import every file of handlers, once."""
    for module in pkgutil.iter_modules(handlers.__path__):
        importlib.import_module(f"{handlers.__name__}.{module.name}")


def commands() -> list[Command]:
    """Every command once, in the order of the handlers' files, whichever of them was loaded first."""
    load()
    each = {id(entry): entry for entry in _COMMANDS.values()}.values()
    return sorted(each, key=lambda entry: (entry.call.__module__, entry.call.__code__.co_firstlineno))


def actions() -> dict[str, Action]:
    load()
    return dict(_ACTIONS)


def match(text: str, off: Collection[str] = ()) -> tuple[Command, str] | None:
    """The command whose word the text begins with, the longest one, and the words after it.

    Args: off: modules without words.
    """
    load()
    lowered = fold(text).lower()
    for word in _longest_first():
        if lowered.startswith(word) and _ends(word, lowered[len(word) :]) and _COMMANDS[word].module not in off:
            return _COMMANDS[word], text[len(word) :].strip(" \u3000,，:：\n\t")
    return None


def route(context: Context) -> Reply | None:
    """Call what the interaction means; None when there is nothing to say. Raises a Refusal with a next step."""
    load()
    reply = _call(context)
    if reply is None or reply.form or context.uow.instead is None:
        return reply
    return replace(reply, args={**reply.args, "instead": list(context.uow.instead)})


def _call(context: Context) -> Reply | None:
    interaction = context.interaction
    if interaction.kind in _EVENTS:
        return happen(interaction.kind, context)
    if interaction.kind in ("action", "form"):
        return _act(context)
    return run(context, interaction.text.strip())


def run(context: Context, text: str) -> Reply:
    """Do what a typed line says. Raises UnknownWord for none, as of a message that is a picture alone."""
    if not text:
        raise UnknownWord
    found = match(text, context.uow.off)
    if found is None:
        return _plain(context, text)
    entry, rest = found
    measures.about(entry.words[0])
    example = entry.example_zh if context.viewer.locale == "zh" else entry.example
    values = arguments.read(entry.wants, context, rest, example)
    try:
        return entry.call(context, **values)
    except arguments.Missing:  # of what the handler itself looks for among the words
        raise MissingArgument(example=example) from None


def _act(context: Context) -> Reply:
    interaction = context.interaction
    entry = _ACTIONS.get(interaction.action)
    if entry is None or entry.module in context.uow.off:
        raise OldCard
    measures.about(interaction.action)
    try:
        values = arguments.read(entry.wants, context, interaction.value, interaction.action)
    except (MissingArgument, BadArgument):
        raise OldCard from None
    first: Any = next(iter(values.values()), None)
    newer = getattr(first, "version", None)
    if entry.guards and None not in (interaction.version, newer) and interaction.version != newer:
        kind = "lead" if hasattr(first, "number") and hasattr(first, "stage") else "task"
        return context.reply("stale", **{kind: first.id})
    try:
        return entry.call(context, **values)
    except arguments.Missing:
        raise OldCard from None


def happen(kind: str, context: Context) -> Reply | None:
    """Call what happens on an event. Raises FileUnwanted where nothing does."""
    if kind in _EVENTS and EVENT_MODULES[kind] not in context.uow.off:
        return _EVENTS[kind](context)
    if context.interaction.files:
        raise FileUnwanted(limit=file_kinds.MEGABYTES)
    return None


def event(
    kind: str, *, module: str = ""
) -> Callable[[Callable[[Context], Reply | None]], Callable[[Context], Reply | None]]:
    """Register what happens when somebody opens the home page, joins or leaves; None means: say nothing."""

    def register(call: Callable[[Context], Reply | None]) -> Callable[[Context], Reply | None]:
        _EVENTS[kind], EVENT_MODULES[kind] = call, module or _module_of(call)
        return call

    return register


def plain(call: Callable[[Context, str], Reply | None]) -> Callable[[Context, str], Reply | None]:
    """Register what may understand a line that begins with no command; it returns None where it does not."""
    _PLAIN.append(call)
    return call


def _plain(context: Context, text: str) -> Reply:
    """A line in plain words. Raises NotUnderstood with the nearest word, UnknownWord, or for admins ModuleOff."""
    answers = (call(context, text) for call in _PLAIN)
    answer = next((answer for answer in answers if answer is not None), None)
    if answer is None:
        asked = match(text)
        if asked is not None and context.viewer.is_admin:
            raise ModuleOff(name=asked[0].module)
        raise guess(text, context.uow.off)
    return answer


def guess(text: str, off: Collection[str] = ()) -> NotUnderstood | UnknownWord:
    """What was probably meant, of what there is."""
    head, *more = re.split(r"\s+", fold(text).strip(), maxsplit=1)
    head, rest = head[:24], more[0] if more else ""
    known = [word for word, entry in _COMMANDS.items() if entry.module not in off]
    # Of two or three Chinese characters one may be wrong: that is a third or half of the word.
    close = _CLOSE_ENOUGH_IN_CHINESE if _SHORT_CHINESE.fullmatch(head) else _CLOSE_ENOUGH
    near = process.extractOne(head.lower(), known, scorer=fuzz.ratio, score_cutoff=close)
    return NotUnderstood(word=head, guess=_whole(near[0], rest)) if near else UnknownWord()


def _whole(word: str, rest: str) -> str:
    """What a tap on the guess does: with the number that followed; a claim of no number would take another lead."""
    if _FIGURES.fullmatch(rest):
        return f"{word} {rest}"
    return "pool" if rest and word in ("claim", "领取", "抢") else word


def _ends(word: str, after: str) -> bool:
    """A word ends at a space or the end; a Chinese one may be followed by anything."""
    return not after or bool(_CJK.search(word)) or not (after[0].isalnum() or after[0] in "_@")


@cache
def _longest_first() -> list[str]:
    return sorted(_COMMANDS, key=len, reverse=True)
