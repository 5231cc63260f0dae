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
from bot.understanding import about, references
from crm.errors import LeadAmbiguous, LeadNotFound, MissingArgument, OldCard
from crm.errors_of_asking import LeadUnknown, LeadWanted
from crm.services import leads, pools, recent_leads, tasks
from crm.services.leads import LeadView
from crm.services.pools import PoolView
from crm.services.tasks import TaskView

Rest = NewType("Rest", str)
Many = NewType("Many", int)
Word = NewType("Word", str)
RawRef = NewType("RawRef", str)
# Of the words that follow, a sum alone says nothing of the lead.
LeadOrSum = NewType("LeadOrSum", LeadView)
# The number of a row that a button carries; anything else comes from a card that nobody drew.
Id = NewType("Id", int)

Parser = Callable[[Context, str], tuple[Any, str]]
# A bare number is none where it is a length or an hour: 3pm tomorrow, 15:00, 3 days, 3天后.
_TIMED = (
    r"(?![\dA-Za-z]|[:：]\d|\s*(?:[点时天月日年周分]|小时|个月|(?:(?:day|hour|hr|minute|min|week|month)s?|[ap]m)\b))"
)
_FIRST = re.compile(rf"^([LlＬｌ＃#]\s?[-－–—]?\s?\d+|\d+{_TIMED})[\s,，:：]*")
_NUMBER = re.compile(r"^([0-9]+)")
_COUNT = re.compile(r"^([0-9]{1,4})\b\s*")
_ID = re.compile(r"[0-9]{1,18}")
_WORD = re.compile(r"[^\s,，:：;；。]+")
_BREAK = re.compile(r"^[\s,，:：;；。]+")
_SUM = re.compile(r"(?:[¥￥$€£]\s?)?\d[\d,.]*\s?(?:k|w|m|万|千|亿|元|块|usd|eur|rmb|cny)*", re.IGNORECASE)
TAIL = 4  # digits by which a phone number is known
NAME_WORDS = 4  # of a name or company, at most


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


def _lead(context: Context, words: str, *, free: bool = False) -> tuple[LeadView, str]:
    """A reference first; else one further on, the lead of the quoted card, words that fit one lead in the actor's
    scope, or "it".

    Args:
        free: of several that are called alike the one without an owner is meant; else the actor's own.
    """
    found = _FIRST.match(words)
    if found:
        try:
            return leads.access(context.uow, actor=context.actor, ref=found.group(1)), words[found.end() :].strip()
        except LeadNotFound:
            # A bare number may also begin a sentence in a thread, or be the end of a phone number.
            if not _NUMBER.match(words) or not (context.quoted or len(found.group(1)) >= TAIL):
                raise
    if not context.tapped and (within := _within(context, words, free=free)):
        return within
    if context.quoted.startswith("L"):
        return leads.access(context.uow, actor=context.actor, ref=context.quoted), words
    if context.tapped and not words:
        raise Missing
    rest = about.after_it(words)
    if rest is not None or not words:
        return _latest(context, words if rest is None else rest)
    return named(context, words, free=free)


def _within(context: Context, words: str, *, free: bool) -> tuple[LeadView, str] | None:
    """The lead whose reference stands further on in the line, and the line without it; None without any.

    Raises: LeadNotFound, and LeadAmbiguous where a name, the quoted card or a second reference means another lead.
    """
    found = [(each, lead) for each in references.find_references(words) if (lead := _referred(context, each))]
    if not found:
        return None
    meant, rest = {lead.id: lead for _each, lead in found}, words
    if context.quoted.startswith("L"):
        quoted = leads.access(context.uow, actor=context.actor, ref=context.quoted)
        meant[quoted.id] = quoted
    elif head := _called(context, words, free=free):
        if references.is_reference(head[1]) and head[0].id not in meant:
            return head  # what it is merged with, for one
        meant[head[0].id] = head[0]
        rest = head[1]
    if len(meant) > 1:
        raise LeadAmbiguous(leads=list(meant), rest=words)
    return found[0][1], references.without(rest, references.find_references(rest))


def _called(context: Context, words: str, *, free: bool) -> tuple[LeadView, str] | None:
    """The one lead that is called as the line begins, beside a reference that tells more than a name does."""
    try:
        return _by_name(context, words, free=free)
    except LeadAmbiguous:
        return None


def _referred(context: Context, reference: references.Reference) -> LeadView | None:
    """None for what is no lead's, such as an invoice's #4711. Raises LeadNotFound where it can only be a lead's."""
    try:
        return leads.access(context.uow, actor=context.actor, ref=reference.ref)
    except LeadNotFound:
        if reference.sure:
            raise
        return None


def named(context: Context, words: str, *, free: bool = False) -> tuple[LeadView, str]:
    """The lead whose name, company or phone ending the line begins with, and what follows; "it" where none is named.

    Of a name the most words that fit a lead are it; of those called alike one's own, or the free one.

    Raises: LeadAmbiguous, LeadUnknown, LeadWanted, LeadNotFound.
    """
    if found := _by_name(context, words, free=free):
        return found
    heads = _heads(words)
    if heads and heads[-1].isdigit() and len(heads[-1]) >= TAIL:
        raise LeadNotFound(ref=heads[-1])
    if about.name_before(words):
        raise LeadUnknown(rest=words)
    return _latest(context, words)


def _by_name(context: Context, words: str, *, free: bool) -> tuple[LeadView, str] | None:
    """The lead that the most words at the beginning of the line fit, and what follows them. Raises LeadAmbiguous."""
    sentence = about.begins_sentence(words)
    for head in _heads(words):
        matches = leads.find(context.uow, actor=context.actor, words=head)
        if sentence:
            matches = [lead for lead in matches if head.lower() in (lead.name.lower(), lead.company.lower())]
        open_ones = [lead for lead in matches if lead.status == "open"] or matches
        rest = _BREAK.sub("", words[len(head) :])
        if len(open_ones) > 1:
            likely = [lead for lead in open_ones if (lead.owner_id is None if free else lead.mine)]
            if len(likely) == 1:
                return likely[0], rest
            raise LeadAmbiguous(leads=[lead.id for lead in open_ones], rest=rest)
        if open_ones:
            return open_ones[0], rest
    return None


def _latest(context: Context, rest: str) -> tuple[LeadView, str]:
    """The lead that the actor dealt with last here. Raises LeadWanted with those it may be, Missing without any."""
    found = _recent(context)
    if found is not None:
        context.guessed = True
        return found, rest
    likely = recent_leads.likely(context.uow, actor=context.actor)
    if not likely:
        raise Missing
    raise LeadWanted(leads=[lead.id for lead in likely], rest=rest)


def _recent(context: Context) -> LeadView | None:
    return recent_leads.last(context.uow, actor=context.actor, place=context.place)


def _heads(words: str) -> list[str]:
    """What the name at the beginning may be, the longest first; a comma or colon ends it."""
    ends = about.name_ends(words)
    for found in _WORD.finditer(words):
        if len(ends) == NAME_WORDS or (ends and words[ends[-1] : found.start()].strip()):
            break
        ends.append(found.end())
    return [words[:end] for end in sorted(set(ends), reverse=True)]


def _raw_ref(context: Context, words: str) -> tuple[RawRef, str]:
    """A reference that is not looked up yet, because the claim does so itself in one statement; or words for a lead."""
    found = _FIRST.match(words)
    if found:
        return RawRef(found.group(1)), words[found.end() :].strip()
    if context.tapped:
        raise Missing
    lead, rest = _lead(context, words, free=True)
    return RawRef(lead.ref), rest


def meant(context: Context, words: str, example: str) -> RawRef:
    """The reference of the lead that the words mean. Raises MissingArgument, and what `named` raises."""
    try:
        return RawRef(_lead(context, words, free=True)[0].ref)
    except Missing:
        raise MissingArgument(example=example) from None


def _lead_or_sum(context: Context, words: str) -> tuple[LeadView, str]:
    """As a lead is read, but a sum alone belongs to the lead dealt with last."""
    return _latest(context, words) if _SUM.fullmatch(words.strip()) and _recent(context) else _lead(context, words)


def _pool(context: Context, words: str) -> tuple[PoolView, str]:
    if not words:
        raise Missing
    return pools.find(context.uow, actor=context.actor, words=words), ""


def _task(context: Context, words: str) -> tuple[TaskView, str]:
    number, rest = _id(context, words)
    return tasks.get(context.uow, actor=context.actor, task_id=number), rest


def _id(context: Context, words: str) -> tuple[Id, str]:
    head, _, rest = words.partition(" ")
    if head and context.tapped and not _ID.fullmatch(head):
        raise OldCard
    if not _ID.fullmatch(head):
        raise Missing
    return Id(int(head)), rest.strip()


def _many(_context: Context, words: str) -> tuple[Many, str]:
    found = _COUNT.match(words)
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
    Word: _word, Id: _id, LeadOrSum: _lead_or_sum,
}  # fmt: skip
