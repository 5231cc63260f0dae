"""Typed arguments: a handler's annotations say what it needs, and one parser a type reads it from a person's words.

Each parser takes the context and the words that are left, and returns the value and what remains. The value of a button
is read by the same parsers, so a tap is a short way of typing.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NewType, get_type_hints

from bot.context import Context
from crm.errors import BadArgument, LeadAmbiguous, MissingArgument
from crm.services import leads, pools, tasks
from crm.services.leads import LeadView
from crm.services.pools import PoolView
from crm.services.tasks import TaskView

Rest = NewType("Rest", str)
Many = NewType("Many", int)
Word = NewType("Word", str)
RawRef = NewType("RawRef", str)

Parser = Callable[[Context, str], tuple[Any, str]]
_FIRST = re.compile(r"^([LlＬ＃#]\s?[-－–—]?\s?\d+|\d+(?!\d))[\s,，:：]*")
_NUMBER = re.compile(r"^(\d{1,4})\b\s*")


class Missing(Exception):
    """There are no words left for this argument."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    parser: Parser
    optional: bool


def parameters(handler: Callable[..., Any]) -> tuple[Parameter, ...]:
    """What a handler wants after its context, from its annotations. A default makes it optional."""
    hints, found = get_type_hints(handler), []
    for parameter in list(inspect.signature(handler).parameters.values())[1:]:
        kind = hints[parameter.name]
        bare = next((option for option in getattr(kind, "__args__", ()) if option is not type(None)), kind)
        found.append(Parameter(parameter.name, PARSERS[bare], parameter.default is not inspect.Parameter.empty))
    return tuple(found)


def read(wanted: tuple[Parameter, ...], context: Context, words: str, example: str) -> dict[str, Any]:
    """The arguments of a call. Raises MissingArgument, and whatever a parser refuses."""
    values: dict[str, Any] = {}
    rest = words.strip()
    for parameter in wanted:
        try:
            values[parameter.name], rest = parameter.parser(context, rest)
        except Missing:
            if not parameter.optional:
                raise MissingArgument(example=example) from None
    return values


def _lead(context: Context, words: str) -> tuple[LeadView, str]:
    """A reference first; else words that fit exactly one lead in the actor's scope, or the lead of the quoted card."""
    found = _FIRST.match(words)
    if found:
        return leads.access(context.uow, actor=context.actor, ref=found.group(1)), words[found.end() :].strip()
    if context.interaction.quoted:
        return leads.access(context.uow, actor=context.actor, ref=context.interaction.quoted), words
    if not words:
        raise Missing
    head = re.split(r"[\s,，:：]+", words, maxsplit=1)
    matches = leads.find(context.uow, actor=context.actor, words=head[0])
    open_ones = [lead for lead in matches if lead.status == "open"] or matches
    if len(open_ones) > 1:
        raise LeadAmbiguous(leads=[lead.id for lead in open_ones], rest=head[1] if len(head) > 1 else "")
    if not open_ones:
        raise BadArgument(given=head[0], example="L-1042")
    return open_ones[0], head[1] if len(head) > 1 else ""


def _raw_ref(_context: Context, words: str) -> tuple[RawRef, str]:
    """A reference that is not looked up yet: the claim does so itself, in one statement."""
    found = _FIRST.match(words)
    if not found:
        raise Missing
    return RawRef(found.group(1)), words[found.end() :].strip()


def _pool(context: Context, words: str) -> tuple[PoolView, str]:
    if not words:
        raise Missing
    return pools.find(context.uow, actor=context.actor, words=words), ""


def _task(context: Context, words: str) -> tuple[TaskView, str]:
    head, _, rest = words.partition(" ")
    if not head.isdigit():
        raise Missing
    return tasks.get(context.uow, actor=context.actor, task_id=int(head)), rest


def _many(_context: Context, words: str) -> tuple[Many, str]:
    found = _NUMBER.match(words)
    if not found:
        raise Missing
    return Many(int(found.group(1))), words[found.end() :].strip()


def _rest(_context: Context, words: str) -> tuple[Rest, str]:
    if not words:
        raise Missing
    return Rest(words), ""


def _word(_context: Context, words: str) -> tuple[Word, str]:
    head, _, rest = words.partition(" ")
    if not head:
        raise Missing
    return Word(head), rest.strip()


PARSERS: dict[Any, Parser] = {
    LeadView: _lead, RawRef: _raw_ref, PoolView: _pool, TaskView: _task, Many: _many, Rest: _rest,
    Word: _word,
}  # fmt: skip
