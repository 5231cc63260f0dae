"""A post read by a mapping: which leads it holds, and each one's fields under our names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from itertools import repeat
from typing import Any

from pydantic import AliasPath
from pydantic_core import PydanticUndefined

from crm.formats.mapping import MOST_LEADS, InBody, Labels, Mapping, Pairs
from crm.rules import clean
from crm.rules.arrival import Arrival, FieldErrors, of_fields
from crm.rules.fields import field_of, folded

NOT_TEXT = "This must be text."
NO_LEAD = "No lead is where the format says: {path}."
TOO_MANY = "There are more than {most} leads in this post."
UNKNOWN = "This source does not take what is sent from here."
_SEVERAL = ("phone", "email", "wechat", "tags", "note")
_MOST_PARTS = 50
Values = Named[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One lead of a post, as it stands there: `own_id` is "" where the sender gives none."""

    own_id: str
    fields: Named[str, str] = field(default_factory=dict)

    @property
    def arrival(self) -> Arrival:
        return of_fields(self.fields)


def leads_of(mapping: Mapping, post: Values) -> list[Values]:
    """The leads in a post, without those that are not meant. Raises FieldErrors where no list of leads is found."""
    found: list[Any] = [post]
    for path in mapping.leads:
        found = [part for one in found for part in _list(one, path)]
        if len(found) > MOST_LEADS:
            raise FieldErrors({path: TOO_MANY.format(most=MOST_LEADS)})
    if any(not isinstance(one, dict) for one in found):
        raise FieldErrors({mapping.leads[-1]: NO_LEAD.format(path=mapping.leads[-1])})
    return [one for one in map(_opened, repeat(mapping.inside), found) if _is_meant(mapping, one)]


def read(mapping: Mapping, lead: Values, post: Values) -> Found:
    """One lead's own id and fields. Raises FieldErrors naming what cannot be text, or where an unknown form stands."""
    fields: dict[str, str] = {}
    wrong = {path: UNKNOWN for path, known in mapping.must.items() if text_of(at(lead, path)) not in known}
    for name, value in _named(mapping, lead, post):
        plain = text_of(value)
        if plain is None:
            wrong[name] = NOT_TEXT
        elif plain.strip():
            _put(fields, name, mapping.values.get(name, {}).get(plain.strip(), plain))
    if wrong:
        raise FieldErrors(wrong)
    return Found(own_id(mapping, lead), {**mapping.defaults, **fields})


def own_id(mapping: Mapping, lead: Values) -> str:
    """The sender's own id of a lead; "" where there is none."""
    number = clean.line(text_of(first(lead, mapping.id)) or "") if mapping.id else ""
    within = clean.line(text_of(at(lead, mapping.id_within)) or "") if mapping.id_within else ""
    return f"{within}:{number}" if number and within else number


def at(values: Any, path: str) -> Any:
    """The value at a path; None where it leads nowhere."""
    if not isinstance(values, dict):
        return None
    found = _path(path).search_dict_for_path(values)
    return None if found is PydanticUndefined else found


def first(values: Any, paths: Sequence[str]) -> Any:
    """The value at the first path that leads to one."""
    return next((found for path in paths if (found := at(values, path)) not in (None, "", [], {})), None)


def text_of(value: Any) -> str | None:
    """A value as text; None when it cannot be. A list of texts is joined, an address in parts written in one line."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case list() if all(isinstance(part, str) for part in value):
            return ";".join(value[:_MOST_PARTS])
        case dict() if value and all(isinstance(part, str) for part in value.values()):
            return " ".join(part for part in list(value.values())[:_MOST_PARTS] if part)
    return None


@cache
def _path(path: str) -> AliasPath:
    head, *parts = path.split(".")
    return AliasPath(head, *(int(part) if part.isdecimal() else part for part in parts))


def _opened(inside: str | None, lead: Values) -> Values:
    """The lead with what stands inside it as its own."""
    within = at(lead, inside) if inside else None
    if inside and not isinstance(within, dict):
        raise FieldErrors({inside: NO_LEAD.format(path=inside)})
    return {**lead, **within} if within else lead


def _is_meant(mapping: Mapping, lead: Values) -> bool:
    return all(text_of(at(lead, path)) == value for path, value in mapping.only.items()) and not any(
        text_of(at(lead, path)) == value for path, value in mapping.skip.items()
    )


def _list(values: Any, path: str) -> list[Any]:
    found = at(values, path)
    if not isinstance(found, list):
        raise FieldErrors({path: NO_LEAD.format(path=path)})
    return found


def _named(mapping: Mapping, lead: Values, post: Values) -> Iterator[tuple[str, Any]]:
    """Names, ours where they are known, with values as they came. What was named expressly comes first."""
    for name, paths in mapping.fields.items():
        yield name, first(lead, paths)
    for pairs in mapping.pairs:
        yield from _pairs(mapping, pairs, lead, post)
    for name, value in _rest(mapping, lead):
        plain = text_of(value)
        known = _ours(mapping, name)
        if known is None or known not in mapping.fields:
            yield known or name, plain or ""


def _pairs(mapping: Mapping, pairs: Pairs, lead: Values, post: Values) -> Iterator[tuple[str, Any]]:
    labels = _labels(pairs.labels, lead, post)
    for row in _rows(at(lead, pairs.list)):
        called = [name for name in _callings(pairs, row, labels) if name]
        known = next((ours for name in called if (ours := _ours(mapping, name))), None)
        if called:
            value = first(row, pairs.value)
            yield known or called[0], value if known else text_of(value) or ""


def _rows(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return [{"name": name, "value": value} for name, value in found.items()]
    return found if isinstance(found, list) else []


def _callings(pairs: Pairs, row: Any, labels: Named[str, Sequence[str]]) -> Iterator[str]:
    if pairs.labels:
        yield from labels.get(text_of(at(row, pairs.labels.of)) or "", ())
    for path in pairs.name:
        yield text_of(at(row, path)) or ""


def _labels(labels: Labels | None, lead: Values, post: Values) -> dict[str, list[str]]:
    """What each question is called, by its id."""
    if labels is None:
        return {}
    rows = at(lead, labels.list) or at(post, labels.list)
    questions = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return {
        text_of(at(row, labels.id)) or "": [text_of(at(row, path)) or "" for path in labels.name] for row in questions
    }


def _rest(mapping: Mapping, lead: Values) -> Iterator[tuple[str, Any]]:
    """The lead's other values: neither read by a path, nor ignored."""
    if not mapping.rest:
        return
    paths = [*(path for paths in mapping.fields.values() for path in paths), *(mapping.id or ()), *mapping.only]
    paths += [way.path for way in mapping.believed if isinstance(way, InBody)]
    paths += [*mapping.skip, *filter(None, [mapping.inside]), *(pairs.list for pairs in mapping.pairs)]
    used = {path.partition(".")[0] for path in paths}
    for name, value in lead.items():
        if name not in used and not any(fnmatchcase(name, pattern) for pattern in mapping.ignore):
            yield name, value


def _ours(mapping: Mapping, name: str) -> str | None:
    plain = folded(name[:80])
    return next((ours for theirs, ours in mapping.names.items() if folded(theirs) == plain), None) or field_of(name)


def _put(fields: dict[str, str], name: str, value: str) -> None:
    """Two values of one meaning are both kept where a field may hold several; else the first counts."""
    former = fields.get(name)
    if former and name in _SEVERAL and value not in former.split(";"):
        fields[name] = f"{former};{value}" if name != "note" else f"{former}\n{value}"
    else:
        fields.setdefault(name, value)
