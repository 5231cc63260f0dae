"""The same condition in SQL: true for exactly the leads for which `Condition.holds`, and never unknown.

The text uses the names of `crm/services/lead_facts.py` (`l` the lead, `s` its source, `p` its pool, `ln` its line, `st`
its stage, `dk` the departments of its owner) and the parameter `now`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crm.period import Period
from crm.rules.comparing import is_number, many
from crm.rules.conditions import CUSTOM, AllOf, AnyOf, Comparison, Condition, Not, kind

AGE = "cast(:now as timestamptz) - l.created_at"
KIND = "case when l.parent_id is not null then 'customer' when l.wave > 1 then 'returning' else 'new' end"
# Where a field stands that is no column of the lead under its own name.
COLUMNS: Mapping[str, str] = {
    "funnel": "coalesce(st.funnel, 'new')", "source": "s.key", "pool": "p.key", "line": "ln.key", "kind": KIND,
    "department": "dk.keys", "age": AGE,
}  # fmt: skip
_ORDER = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# In byte order words stand as Python sorts them, whatever the database's language.
_BYTES = 'collate "C"'


def sql_of(
    condition: Condition, *, columns: Mapping[str, str] = COLUMNS, prefix: str = "c"
) -> tuple[str, dict[str, Any]]:
    """An expression, and its parameters, whose names begin with `prefix`.

    Args:
        columns: SQL of fields that are not the lead's column of that name, such as of the lead as it once was.
    """
    writer = _Writer(columns, prefix)
    return writer.of(condition), writer.given


class _Writer:
    """Writes a tree; every value of it becomes a parameter."""

    def __init__(self, columns: Mapping[str, str], prefix: str) -> None:
        self.columns, self.prefix, self.given = columns, prefix, dict[str, Any]()

    def of(self, condition: Condition) -> str:
        match condition:
            case AllOf(all=parts):
                return f"({' and '.join(map(self.of, parts))})" if parts else "true"
            case AnyOf(any=parts):
                return f"({' or '.join(map(self.of, parts))})" if parts else "false"
            case Not(not_=part):
                return f"not {self.of(part)}"
        return self._comparison(condition)

    def _comparison(self, one: Comparison) -> str:
        match kind(one.field):
            case "custom":
                return self._custom(one)
            case "list":
                return self._list(one)
            case "span":
                value = Period.parse(str(one.value)).longest
                return f"coalesce({self._column(one)} {_ORDER[one.op]} {self._give(value, 'interval')}, false)"
            case "number":
                return self._plain(one, "numeric")
        return self._plain(one, "text")

    def _plain(self, one: Comparison, type_: str) -> str:
        column, value = self._column(one), _exact(one.value)
        if one.op == "exists":
            there = f"coalesce({column}, '') <> ''" if type_ == "text" else f"{column} is not null"
            return _turned(there, wanted=value is True)
        if one.op in _ORDER:
            return f"coalesce({column} {_ORDER[one.op]} {self._give(value, type_)}, false)"
        if one.op == "contains":
            return f"coalesce(strpos({column}, {self._give(value, 'text')}) > 0, false)"
        among = f"coalesce({column} = any({self._give(list(many(value)), f'{type_}[]')}), false)"
        return _turned(among, wanted=one.op in {"eq", "in"})

    def _list(self, one: Comparison) -> str:
        column = f"coalesce({self._column(one)}, '{{}}')"
        if one.op == "exists":
            return _turned(f"cardinality({column}) > 0", wanted=one.value is True)
        return _turned(
            f"({column} && {self._give(list(many(one.value)), 'text[]')})", wanted=one.op in {"in", "contains"}
        )

    def _custom(self, one: Comparison) -> str:
        value = f"(l.custom -> {self._give(one.field.removeprefix(CUSTOM), 'text')})"
        if one.op == "exists":
            return _turned(f"coalesce({value} not in ('null', '\"\"', '[]'), false)", wanted=one.value is True)
        if one.op in _ORDER:
            return self._ordered(value, one)
        if one.op == "contains":
            found = f"strpos({value} #>> '{{}}', {self._give(str(one.value), 'text')}) > 0"
            item = f"{value} @> {self._give(_json(one.value), 'jsonb')}"
            return f"case jsonb_typeof({value}) when 'string' then {found} when 'array' then {item} else false end"
        # An array contains a plain value that is one of its items; a plain value contains what is equal to it.
        among = [f"{value} @> {self._give(_json(each), 'jsonb')}" for each in many(one.value)]
        return _turned(f"coalesce({' or '.join(among) or 'false'}, false)", wanted=one.op in {"eq", "in"})

    def _ordered(self, value: str, one: Comparison) -> str:
        if isinstance(one.value, bool):
            return "false"
        sign = _ORDER[one.op]
        if is_number(one.value):
            # Numbers in JSON are compared as numbers, and cannot overflow anything.
            number = f"{value} {sign} {self._give(_json(one.value), 'jsonb')}"
            return f"(case jsonb_typeof({value}) when 'number' then {number} else false end)"
        words = f"({value} #>> '{{}}') {_BYTES} {sign} {self._give(one.value, 'text')}"
        return f"(case jsonb_typeof({value}) when 'string' then {words} else false end)"

    def _column(self, one: Comparison) -> str:
        return self.columns.get(one.field, f"l.{one.field}")

    def _give(self, value: Any, type_: str) -> str:
        name = f"{self.prefix}{len(self.given)}"
        self.given[name] = value
        return f"cast(:{name} as {type_})"


def _turned(expression: str, *, wanted: bool) -> str:
    return expression if wanted else f"not ({expression})"


def _exact(value: Any) -> Any:
    """Whole numbers as decimals, so that a list of both is of one type."""
    if isinstance(value, tuple):
        return tuple(map(_exact, value))
    return Decimal(value) if is_number(value) else value


def _json(value: Any) -> str:
    """A plain value as JSON; a decimal keeps all its digits."""
    return str(value) if isinstance(value, Decimal) else json.dumps(value)
