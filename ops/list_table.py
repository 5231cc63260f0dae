"""Managed lists as a table: a row a value, a row a field, and the choices of a field under its name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crm.rules.catalogue_file import ListsFile, OwnField, Value, of
from crm.rules.inert import inert

FIELDS = "fields"
HEADER = (
    "list", "key", "name", "name_zh", "aliases", "step", "default", "retired", "type", "required_at", "sensitive",
    "shown",
)  # fmt: skip
_ALIAS = "; "
_TRUE = frozenset({"true", "yes", "1", "y", "是"})
_FLAGS = ("default", "retired", "sensitive", "shown")
_OF_FIELD = ("key", "name", "name_zh", "type", "required_at", "sensitive", "shown", "retired")
_OF_VALUE = ("key", "name", "name_zh", "step", "default", "retired")


def written(file: ListsFile) -> str:
    """As CSV that a spreadsheet opens."""
    out = io.StringIO()
    sheet = csv.DictWriter(out, HEADER, lineterminator="\n")
    sheet.writeheader()
    for row in _rows(file):
        sheet.writerow({name: inert(str(cell)) for name, cell in row.items()})
    return out.getvalue()


def read(path: Path) -> ListsFile:
    """Raises ListsUnreadable, OSError."""
    lists: dict[str, list[dict[str, Any]]] = {}
    fields: dict[str, dict[str, Any]] = {}
    with path.open(encoding="utf-8-sig", newline="") as sheet:
        rows = [{name: (cell or "").strip() for name, cell in row.items() if name} for row in csv.DictReader(sheet)]
    for row in rows:
        if row.get("list") == FIELDS:
            fields[row.get("key") or row.get("name", "")] = _told(row, _OF_FIELD) | {"choices": []}
    for row in rows:
        if row.get("list") in fields:
            fields[row["list"]]["choices"].append(_told(row, _OF_VALUE))
        elif row.get("list") not in ("", None, FIELDS):
            lists.setdefault(row["list"], []).append(_told(row, _OF_VALUE))
    return of({"lists": lists, "fields": list(fields.values())})


def _rows(file: ListsFile) -> Iterator[dict[str, Any]]:
    for name, values in file.lists.items():
        yield from (_row(name, value) for value in values)
    for field in file.fields:
        yield _row(FIELDS, field)
        yield from (_row(field.key, value) for value in field.choices)


def _row(name: str, part: Value | OwnField) -> dict[str, Any]:
    told = part.model_dump(include=set(HEADER), exclude={"aliases"})
    return {"list": name, "aliases": _ALIAS.join(part.aliases)} | {
        key: ("yes" if value else "no") if isinstance(value, bool) else value for key, value in told.items()
    }


def _told(row: dict[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    """What the row says; empty cells say nothing."""
    told: dict[str, Any] = {name: row[name] for name in names if row.get(name)}
    told |= {name: told[name].lower() in _TRUE for name in _FLAGS if name in told}
    aliases = tuple(part.strip() for part in row.get("aliases", "").split(";") if part.strip())
    return told | ({"aliases": aliases} if aliases else {})
