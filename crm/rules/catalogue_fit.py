"""An arrival with its values as the lists know them: `价格`, `Price too high` and `price` become one value.

What no list knows is never lost: it stays as it was written, and is named so that a file's report can tell it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm.rules.arrival import Checked
from crm.rules.catalogue import Catalogue
from crm.rules.catalogue_values import NotThat, read

_SINGLE = ("product", "region", "level", "channel", "campaign")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that its list does not have, or that is not of its field's kind; `field` is the lead's or the key."""

    field: str
    given: str


def fitted(catalogue: Catalogue, checked: Checked) -> tuple[Checked, tuple[Unknown, ...]]:
    """The arrival in the words of the lists, and what they do not know."""
    if catalogue.is_plain:
        return checked, ()
    unknown: list[Unknown] = []
    values: dict[str, Any] = {name: _single(catalogue, name, getattr(checked, name), unknown) for name in _SINGLE}
    values["tags"] = _tags(catalogue, checked.tags, unknown)
    values["custom"] = _custom(catalogue, checked.custom, unknown)
    return replace(checked, **values), tuple(unknown)


def _single(catalogue: Catalogue, name: str, given: str | None, unknown: list[Unknown]) -> str | None:
    if not given:
        standard = catalogue.standard(name)
        return standard.key if standard else given
    if not catalogue.is_managed(name):
        return given
    entry = catalogue.find(name, given)
    if entry is None:
        unknown.append(Unknown(name, given))
    return entry.key if entry else given


def _tags(catalogue: Catalogue, given: tuple[str, ...], unknown: list[Unknown]) -> tuple[str, ...]:
    if not catalogue.is_managed("tags"):
        return given
    found = {tag: catalogue.find("tags", tag) for tag in given}
    unknown += [Unknown("tags", tag) for tag, entry in found.items() if entry is None]
    return tuple(dict.fromkeys(entry.key if entry else tag for tag, entry in found.items()))


def _custom(catalogue: Catalogue, given: Mapping[str, Any], unknown: list[Unknown]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, words in given.items():
        field = catalogue.field(name)
        if field is None or not isinstance(words, str):
            values[name] = words
            continue
        try:
            values[field.key] = read(catalogue, field, words)
        except NotThat as wrong:
            unknown.append(Unknown(field.key, wrong.given))
            values[field.key] = words
    return values
