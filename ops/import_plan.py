"""How the columns of a file are read: by their usual names, by what was said of such a file before, and as asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import text

from crm.models import Source
from crm.rules import fields, past
from crm.rules.past import Ways
from crm.rules.sheet_row import Reading
from crm.services import catalogue, file_import, houses, sheet_mappings
from crm.services.sheet_mappings import Kept, name_of_columns
from crm.sheets import SheetError
from crm.uow import UnitOfWork

NO_KEY_COLUMN = "No column is called phone, e-mail, WeChat or id. There are: {names}."
NO_MAPPING = "There is no mapping called {name}. There are: {names}."
NO_COLUMN = "There is no column {name}. There are: {names}."
NO_FIELD = "There is no field {name}. There are: {names}."
BAD_MAPPING = "{path} is no mapping: it needs columns, and may have values and day_first."
REJECTED = ("line", "reason")
_KEY_FIELDS = frozenset({"phone", "email", "wechat", "external_id", "id"})
_STAGES = text(
    """
    select s.key, s.name, s.name_zh, s.aliases from stage s
    join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id
    where s.org_id = :org and p.line_id = :line order by s.position desc
    """
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked of an import.

    Args:
        source: key of the source whose leads these are.
        owners: a column of names or e-mails says who owns each lead; `strangers`: what becomes of rows whose owner is
            nobody here, "reject" or "pool".
        columns: heading to our field, beside what else is known of the columns.
        mapping: name of a kept mapping, or of a YAML file with one.
        strict: rows with a value that its list does not have are rejected, else it is kept as written.
        switch_over: stages, dates, owners and history are taken over from a former system.
    """

    source: str | None = None
    owners: bool = False
    strangers: str = "reject"
    columns: Mapping[str, str] = field(default_factory=dict)
    mapping: str | None = None
    switch_over: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is read; `kept` is the mapping that was used or recognised, with what was asked beside it."""

    reading: Reading
    kept: Kept

    @property
    def fields(self) -> dict[str, str]:
        """What each heading is taken for; empty: kept beside the lead."""
        return {name: self.reading.mapping.get(number, "") for number, name in enumerate(self.reading.header)}


def plan(uow: UnitOfWork, header: Sequence[str], wanted: Wanted, source: Source | None) -> Plan:
    """How to read a file with these headings. Raises SheetError."""
    house = houses.of(uow)
    kept = _kept(uow, header, wanted)
    known = {name for name in header if name.strip()}
    for heading in wanted.columns:
        if heading not in known:
            raise SheetError(NO_COLUMN.format(name=heading, names=", ".join(sorted(known))))
    kept = replace(kept, columns={**kept.columns, **wanted.columns})
    mapping = _mapping(header, kept, switch_over=wanted.switch_over)
    if not _KEY_FIELDS.intersection(mapping.values()):
        raise SheetError(NO_KEY_COLUMN.format(names=", ".join(name for name in header if name.strip())))
    day_first = house.region != "US" if kept.day_first is None else kept.day_first
    ways = Ways(_stages(uow, house.line_id), _zone(uow), uow.now, day_first) if wanted.switch_over else None
    owned = wanted.owners or wanted.switch_over
    reading = Reading(
        _headings(header), mapping, house.region, source.key if source else "file", kept.values,
        file_import.owners(uow) if owned else None, wanted.strangers, ways,
        catalogue.of(uow), wanted.strict,
    )  # fmt: skip
    return Plan(reading, kept)


def from_file(path: Path) -> Kept:
    """A mapping as somebody wrote it. Raises SheetError, OSError."""
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        values = {
            name: {str(word).lower(): str(key) for word, key in words.items()}
            for name, words in (written.get("values") or {}).items()
        }
        columns = {str(name): str(field or "") for name, field in written["columns"].items()}
        return Kept(path.stem, columns, values, written.get("day_first"))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, UnicodeDecodeError):
        raise SheetError(BAD_MAPPING.format(path=path)) from None


def _kept(uow: UnitOfWork, header: Sequence[str], wanted: Wanted) -> Kept:
    if wanted.mapping is None:
        return sheet_mappings.recognised(uow, name_of_columns(header)) or Kept("")
    if wanted.mapping.endswith((".yaml", ".yml")):
        return from_file(Path(wanted.mapping))
    every = {kept.name: kept for kept in sheet_mappings.every(uow)}
    if wanted.mapping not in every:
        raise SheetError(NO_MAPPING.format(name=wanted.mapping, names=", ".join(every) or "none"))
    return every[wanted.mapping]


def _mapping(header: Sequence[str], kept: Kept, *, switch_over: bool) -> dict[int, str]:
    """Which column holds which field. Raises SheetError."""
    found = {}
    for number, heading in enumerate(header):
        name = kept.columns.get(heading)
        if name is None:
            name = (past.field_of(heading) if switch_over else None) or fields.field_of(heading) or ""
        elif name and name not in fields.NAMES and not past.is_past(name):
            raise SheetError(NO_FIELD.format(name=name, names=", ".join([*fields.NAMES, *past.NAMES])))
        if name and (switch_over or not past.is_past(name)):
            found[number] = name
    return found


def _headings(header: Sequence[str]) -> tuple[str, ...]:
    """Without those that the file of rejected rows adds, whose cells are kept nowhere."""
    ours = len(header) - 2 if tuple(header[-2:]) == REJECTED else len(header)
    return (*header[:ours], *[""] * (len(header) - ours))


def _stages(uow: UnitOfWork, line_id: int) -> dict[str, str]:
    rows = uow.session.execute(_STAGES, {"org": uow.org_id, "line": line_id})
    return {word.lower(): row.key for row in rows for word in (row.name, row.name_zh, *row.aliases, row.key)}


def _zone(uow: UnitOfWork) -> str:
    zone = uow.session.scalar(text("select timezone from organization where id = :org"), {"org": uow.org_id})
    return ZoneInfo(zone or "UTC").key
