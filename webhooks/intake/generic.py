"""The generic format: fields by their usual English or Chinese names, flat or inside `data`, `lead` or `contact`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.rules import clean
from crm.rules.arrival import Arrival, FieldErrors, of_fields
from crm.rules.fields import field_of

_WRAPPERS = frozenset({"data", "lead", "contact", "person", "customer", "fields"})
_MOST_CUSTOM = 200
NOT_TEXT = "This must be text."


def read(values: Mapping[str, Any]) -> tuple[Arrival, str]:
    """The arrival, and the sender's own id of it ("" when it has none). Raises FieldErrors for a wrong type."""
    fields: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, value in _flat(values):
        field = field_of(name)
        plain = _text(value, field is not None)
        if plain is None:
            wrong[field or name] = NOT_TEXT
        elif field and plain.strip():
            fields[field] = _joined(field, fields.get(field), plain)
        elif plain.strip() and len(fields) < _MOST_CUSTOM:
            fields.setdefault(name, plain)
    if wrong:
        raise FieldErrors(wrong)
    return of_fields(fields), clean.line(fields.get("id", "")) or clean.line(fields.get("external_id", ""))


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if name.lower() in _WRAPPERS and isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _text(value: Any, known: bool) -> str | None:  # noqa: FBT001
    """A value as text; None when a known field holds what cannot be text. Unknown structures are left out silently."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ";".join(value)
    if known:
        return None
    return str(value).lower() if isinstance(value, bool) else ""


def _joined(field: str, former: str | None, value: str) -> str:
    """Two columns of one meaning (mobile and telephone) are both kept where a field may hold several."""
    several = field in ("phone", "email", "wechat", "tags") and former and former != value
    return f"{former};{value}" if several else (former or value)
