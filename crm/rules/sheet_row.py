"""One row of a file on its way in: its columns mapped, its fields checked, and the owner found whom it names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crm.errors import _
from crm.rules import past, rows
from crm.rules.arrival import Checked, FieldErrors, check, of_fields
from crm.rules.catalogue import Catalogue
from crm.rules.catalogue_fit import fitted
from crm.rules.past import Past, Ways

NO_NAME = _("A name or company is needed where there is no phone, e-mail or WeChat id.")
NO_OWNER = _("There is no active colleague of that name.")
NOT_LISTED = _("The list of this field has no such value.")
TOO_LONG = _("A cell is too long. Perhaps a quotation mark is not closed: then the rows below it went into it.")
LONGEST_CELL = 100_000
NO_HISTORY, NO_LISTS = Past(), Catalogue()


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one file are read; plain data, so that another process can do it.

    Args:
        mapping: which column holds which of our fields; the others are kept under their headings.
        values: what words of a field mean, `{"stage": {"engaging": "contacted"}}`, the words in lower case.
        region: country of phones without a country code. sender: whose ids the external ids are.
        owners: members by lower-case name and e-mail; None: nobody is given a lead.
        strangers: "reject" rows whose owner is nobody here, or leave their leads to the "pool".
        lists: the managed values; strict: rows are rejected that have another one, else it is kept as written.
        ways: for a switch-over, how its past is read; None: such columns stay beside the lead.
    """

    header: Sequence[str]
    mapping: Mapping[int, str]
    region: str
    sender: str
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    owners: Mapping[str, int] | None = None
    strangers: str = "reject"
    ways: Ways | None = None
    lists: Catalogue = NO_LISTS
    strict: bool = False
    names: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        """What each column is called is worked out once, not for each row."""
        object.__setattr__(self, "names", rows.names_of(self.mapping, self.header))


class Row(NamedTuple):
    """A row that may go in. `key`: a short name of its content; `stranger`: the owner it names is nobody here.

    `unknown`: values that no list knows, as `field: words`.
    """

    line: int
    checked: Checked
    key: str
    owner_id: int | None = None
    stranger: str | None = None
    past: Past | None = None
    unknown: tuple[str, ...] = ()


class Reject(NamedTuple):
    """A row that cannot go in, as it stands in the file, and why by field."""

    line: int
    cells: list[str]
    wrong: Mapping[str, str]


def read(reading: Reading, line: int, cells: list[str]) -> Row | Reject:
    """Check one row. Args: line: where it stands in the file."""
    try:
        return _row(reading, line, cells)
    except FieldErrors as exc:
        return Reject(line, cells, exc.fields)


def _row(reading: Reading, line: int, cells: list[str]) -> Row:
    _check_length(reading, cells)
    fields = rows.named(cells, reading.names)
    for name, words in reading.values.items():
        if name in fields:
            fields[name] = words.get(fields[name].strip().lower(), fields[name])
    history = _past(reading.ways, fields) if reading.ways else None
    checked = check(of_fields(fields), region=reading.region, sender=reading.sender)
    told = checked.name or checked.company or (history and history.history)
    if not told and all(kind == "external" for kind, _ in checked.keys):
        raise FieldErrors({"name": NO_NAME})
    owner, stranger = _owner(reading, checked.owner)
    # The key is of the words as they stand, so that a list that was changed since makes no row a new one.
    key = _key(reading.sender, checked, history)
    checked, unknown = fitted(reading.lists, checked)
    if unknown and reading.strict:
        raise FieldErrors({one.field: NOT_LISTED for one in unknown})
    return Row(line, checked, key, owner, stranger, history, tuple(f"{one.field}: {one.given}" for one in unknown))


def _check_length(reading: Reading, cells: Sequence[str]) -> None:
    if max(map(len, cells), default=0) > LONGEST_CELL:
        longest = max(range(len(cells)), key=lambda number: len(cells[number]))
        named = reading.mapping.get(longest) or (reading.header[longest] if longest < len(reading.header) else "")
        raise FieldErrors({named: TOO_LONG})


def _key(sender: str, checked: Checked, history: Past | None) -> str:
    """The same for rows that say the same, whichever file they stand in."""
    content = f"{sender}\n{checked}\n{history or ''}"
    return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _past(ways: Ways, fields: dict[str, str]) -> Past:
    """The past, whose columns are then not kept beside the lead as well."""
    told = {name: fields.pop(name) for name in list(fields) if past.is_past(name)}
    return past.read(told, ways) if told else NO_HISTORY


def _owner(reading: Reading, words: str | None) -> tuple[int | None, str | None]:
    if reading.owners is None or words is None:
        return None, None
    found = reading.owners.get(words.lower())
    if found is None and reading.strangers == "reject":
        raise FieldErrors({"owner": NO_OWNER})
    return found, None if found else words
