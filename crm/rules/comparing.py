"""One comparison as a function of a lead's facts, made once and called for every lead.

Numbers, words and truth values are three kinds, and nothing of one kind is equal to, more or less than anything of
another. A list is compared by its items. `conditions_sql.py` says the same in SQL.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from crm.period import Period
from crm.rules.facts import LeadFacts

Test = Callable[[LeadFacts], bool]

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
}  # fmt: skip
EMPTY: tuple[Any, ...] = (None, "", (), [])


def many(value: Any) -> tuple[Any, ...]:
    """A tuple, of one where it is none."""
    return value if isinstance(value, tuple) else (value,)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def of_column(name: str, op: str, wanted: Any) -> Test:
    """For a field of one kind: words, or a number."""
    value = attrgetter(name)
    if op == "exists":
        return lambda facts: (value(facts) not in EMPTY) is wanted
    if op in ORDER:
        return _ordered(value, op, wanted)
    if op == "contains":
        return lambda facts: wanted in (value(facts) or "") if value(facts) is not None else False
    among, is_wanted = frozenset(many(wanted)), op in {"eq", "in"}
    return lambda facts: (value(facts) in among) is is_wanted


def of_list(name: str, op: str, wanted: Any) -> Test:
    """For a field that is a list of words."""
    value = attrgetter(name)
    if op == "exists":
        return lambda facts: bool(value(facts)) is wanted
    among, is_wanted = frozenset(many(wanted)), op in {"in", "contains"}
    return lambda facts: (not among.isdisjoint(value(facts))) is is_wanted


def of_span(name: str, op: str, wanted: Any) -> Test:
    """For a field that is a length of time."""
    return _ordered(attrgetter(name), op, Period.parse(wanted).longest)


def of_custom(key: str, op: str, wanted: Any) -> Test:
    """For whatever a source sent under that key."""
    if op == "exists":
        return lambda facts: (facts.custom.get(key) not in EMPTY) is wanted
    if op in ORDER:
        return _ordered_alike(key, op, wanted)
    if op == "contains":
        return _contains(key, wanted)
    among, is_wanted = _typed(many(wanted)), op in {"eq", "in"}
    return lambda facts: (not among.isdisjoint(_items(facts.custom.get(key)))) is is_wanted


def all_of(parts: tuple[Test, ...]) -> Test:
    """Whether every part is true."""
    if len(parts) == 1:
        return parts[0]

    def holds(facts: LeadFacts) -> bool:
        # A loop, because `all` with a generator takes twice the time, and this is asked for every lead and rule.
        for part in parts:  # noqa: SIM110
            if not part(facts):
                return False
        return True

    return holds


def any_of(parts: tuple[Test, ...]) -> Test:
    """Whether one of the parts is true."""
    if len(parts) == 1:
        return parts[0]

    def holds(facts: LeadFacts) -> bool:
        for part in parts:  # noqa: SIM110  (as above)
            if part(facts):
                return True
        return False

    return holds


def _ordered(value: Callable[[LeadFacts], Any], op: str, wanted: Any) -> Test:
    order = ORDER[op]

    def holds(facts: LeadFacts) -> bool:
        found = value(facts)
        return found is not None and order(found, wanted)

    return holds


def _ordered_alike(key: str, op: str, wanted: Any) -> Test:
    order, bound = ORDER[op], _one(wanted)

    def holds(facts: LeadFacts) -> bool:
        kind, found = _one(facts.custom.get(key))
        return kind == bound[0] != "bool" and order(found, bound[1])

    return holds


def _contains(key: str, wanted: Any) -> Test:
    words, item = str(wanted), _one(wanted)

    def holds(facts: LeadFacts) -> bool:
        found = facts.custom.get(key)
        return words in found if isinstance(found, str) else isinstance(found, list) and item in _items(found)

    return holds


def _items(value: Any) -> frozenset[tuple[str, Any]]:
    """What a value may be equal to: itself, or each of its items."""
    return _typed(value if isinstance(value, list | tuple) else (value,))


def _typed(values: Iterable[Any]) -> frozenset[tuple[str, Any]]:
    return frozenset(map(_one, values)) - {_NEITHER}


_NEITHER = ("", None)


def _one(value: Any) -> tuple[str, Any]:
    """A value with its kind, so that 1 is not true; a number as written, so that 0.1 is a tenth."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, float):
        return ("number", Decimal(repr(value)))
    if isinstance(value, int | Decimal):
        return ("number", value)
    return ("text", value) if isinstance(value, str) else _NEITHER
