"""Filters and orders in words: what a list shows, and by what it is sorted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.cards.language import _, translate
from bot.cards.words import Words
from crm.rules.conditions import CUSTOM, Comparison, comparisons
from crm.rules.wanted import Order, Wanted

ORDERS: dict[Order, str] = {
    "urgent": _("the most urgent first"), "due": _("the next reminder first"), "score": _("the highest score first"),
    "newest": _("the newest first"), "stage": _("the furthest stage first"), "amount": _("the largest amount first"),
    "starred": _("starred ones first"),
}  # fmt: skip
_IS = {
    "stage": _("stage {what}"), "source": _("source {what}"), "level": _("level {what}"), "region": _("region {what}"),
    "product": _("product {what}"), "tags": _("tagged {what}"),
}  # fmt: skip
_NOT = {
    "stage": _("not in stage {what}"), "source": _("not from source {what}"), "level": _("not level {what}"),
    "region": _("not in region {what}"), "product": _("not product {what}"), "tags": _("not tagged {what}"),
}  # fmt: skip
_FIGURES = {
    ("amount", "gt"): _("amount over {what}"), ("amount", "gte"): _("amount at least {what}"),
    ("amount", "lt"): _("amount under {what}"), ("amount", "lte"): _("amount at most {what}"),
    ("score", "gt"): _("score over {what}"), ("score", "gte"): _("score at least {what}"),
    ("score", "lt"): _("score under {what}"), ("score", "lte"): _("score at most {what}"),
}  # fmt: skip
_AGES = {"gt": _("older than {n} d"), "lt": _("newer than {n} d")}
_SIGNS = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "not_in": "≠"}
_DUE = {"overdue": _("with an overdue reminder"), "today": _("due today"), "week": _("due this week")}


def in_words(words: Words, wanted: Wanted, names: Mapping[str, str]) -> str:
    """What a filter asks for. Args: names: of stages and sources, by `field:key`."""
    return " · ".join(_parts(words, wanted, names))


def order(words: Words, by: Order) -> str:
    """By what the own leads are sorted."""
    return translate(words.locale, ORDERS[by])


def _parts(words: Words, wanted: Wanted, names: Mapping[str, str]) -> Iterator[str]:
    for one in comparisons(wanted.condition):
        yield _comparison(words, one, names)
    if wanted.untouched:
        yield words.say(_("untouched for {n} d"), n=wanted.untouched)
    if wanted.due:
        yield translate(words.locale, _DUE[wanted.due])
    if wanted.starred:
        yield translate(words.locale, _("starred"))
    if wanted.text:
        yield wanted.text


def _comparison(words: Words, one: Comparison, names: Mapping[str, str]) -> str:
    if (one.field, one.op) in _FIGURES:
        return words.say(_FIGURES[one.field, one.op], what=words.number(float(str(one.value))))
    if one.field == "age":
        return words.say(_AGES[one.op], n=str(one.value).removesuffix("d"))
    if one.field.startswith(CUSTOM):
        return _own(words, one, names)
    said: dict[str, str] = _NOT if one.op == "not_in" else _IS
    return words.say(said[one.field], what=words.say(_(" or ")).join(_values(one, names)))


def _own(words: Words, one: Comparison, names: Mapping[str, str]) -> str:
    """A filter by a field of the company's own."""
    called = names.get(f"field:{one.field}", one.field.removeprefix(CUSTOM))
    if one.op == "exists":
        return words.say(_("{what} is known") if one.value else _("{what} is not known"), what=called)
    told = words.say(_(" or ")).join(_values(one, names))
    return f"{called} {_SIGNS.get(one.op, '')} {told}".replace("  ", " ")


def _values(one: Comparison, names: Mapping[str, str]) -> list[str]:
    """Each value once: of one thing there may be several spellings."""
    given: Any = one.value if isinstance(one.value, tuple) else (one.value,)
    once = {str(value).lower(): names.get(f"{one.field}:{value}", str(value)) for value in reversed(given)}
    return list(reversed(once.values()))
