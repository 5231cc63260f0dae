"""Whether the conditions of a rule set speak of values and fields that there are, and compare them with their kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from rapidfuzz import fuzz

from crm.rules.catalogue import Catalogue, Entry, Field
from crm.rules.comparing import is_number, many
from crm.rules.conditions import CUSTOM, Comparison

LISTED = ("product", "region", "level", "channel", "campaign", "tags", "stage", "source")
_EXACT = frozenset({"eq", "ne", "in", "not_in"})
_ORDER = frozenset({"gt", "gte", "lt", "lte"})
_A_SLIP = 85  # of 100: so much alike is a typing mistake
_ORDERED = frozenset({"number", "amount", "date"})


def comparisons_in(part: Any, rule: str = "") -> Iterator[tuple[str, Comparison]]:
    """Every comparison anywhere in a rule set, with the name of the rule in which it stands."""
    if isinstance(part, Comparison):
        yield rule, part
    elif isinstance(part, BaseModel):
        named = getattr(part, "name", None)
        for name in type(part).model_fields:
            yield from comparisons_in(getattr(part, name), named if isinstance(named, str) else rule)
    elif isinstance(part, dict | tuple | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from comparisons_in(each, rule)


def missing(catalogue: Catalogue, one: Comparison) -> list[str]:
    """The values that this comparison asks for and a managed list does not have."""
    listed = one.field in LISTED and catalogue.is_managed(one.field) and one.op in _EXACT
    return [str(value) for value in many(one.value) if catalogue.keyed(one.field, str(value)) is None] if listed else []


def merged(catalogue: Catalogue, one: Comparison) -> list[tuple[str, Entry]]:
    """The values that this comparison asks for and that were made one with another, each with the one leads carry."""
    if one.field not in LISTED or one.op not in _EXACT:
        return []
    found = ((str(value), catalogue.find(one.field, str(value))) for value in many(one.value))
    gone = [(value, entry) for value, entry in found if catalogue.keyed(one.field, value) is not None and entry]
    return [(value, entry) for value, entry in gone if entry.key != value]


def problems(catalogue: Catalogue, every: Iterable[Comparison]) -> Iterator[str]:
    """What is wrong with these comparisons, each with what was probably meant."""
    for one in every:
        if one.op == "exists":
            continue
        if one.field.startswith(CUSTOM):
            yield from _own(catalogue, one)
        elif one.field in LISTED and catalogue.is_managed(one.field):
            wanted = many(one.value) if one.op in _EXACT or one.field == "tags" else ()
            yield from _unlisted(catalogue, one.field, one.field, wanted)


def _unlisted(catalogue: Catalogue, field: str, name: str, values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if catalogue.keyed(name, str(value)) is not None:
            continue
        meant = catalogue.find(name, str(value))
        near = [meant] if meant else catalogue.near(name, str(value))
        known = ", ".join(repr(entry.key) for entry in catalogue.offered(name)[:12])
        guess = f"did you mean {' or '.join(repr(entry.key) for entry in near)}?" if near else f"there are: {known}"
        yield f"{field} is never {value!r}; {guess}"


def _own(catalogue: Catalogue, one: Comparison) -> Iterator[str]:
    key = one.field.removeprefix(CUSTOM)
    field = catalogue.field(key)
    if field is None:
        near = [known for known in catalogue.open_fields if fuzz.ratio(known.key, key) >= _A_SLIP]
        if near:
            yield f"there is no field {one.field!r}; did you mean {CUSTOM + near[0].key!r}?"
    elif field.key != key:
        yield f"write {CUSTOM + field.key!r} for {one.field!r}"
    else:
        yield from _mismatch(catalogue, field, one)


def _mismatch(catalogue: Catalogue, field: Field, one: Comparison) -> Iterator[str]:
    if one.op in _ORDER and field.kind not in _ORDERED:
        yield f"{one.field} is no number or date; {one.op} does not suit it"
    wrong = [value for value in many(one.value) if not _fits(field.kind, value)]
    for value in wrong:
        yield f"{one.field} is compared with {_TAKES[field.kind]}, not {value!r}"
    if field.kind in ("choice", "choices") and not wrong and catalogue.is_managed(field.list) and one.op not in _ORDER:
        yield from _unlisted(catalogue, one.field, field.list, many(one.value))


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "number" | "amount":
            return is_number(value)
        case "yes_no":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
    return isinstance(value, str)


def _is_date(value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


_TAKES = {
    "text": "words", "number": "a number", "amount": "a number", "date": "a date such as '2027-03-01'",
    "choice": "words", "choices": "words", "yes_no": "true or false",
}  # fmt: skip
