"""What an import would make of a file: its columns, and what would become of the first rows. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm.db import Database
from crm.rules.sheet_row import Reject
from crm.services import houses, intake, sources
from crm.uow import UnitOfWork
from ops import import_file, reading
from ops.import_plan import Plan, Wanted, plan
from ops.reading import Batch, Order

PROBLEMS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, our field for it (empty: kept beside the lead), and an example."""

    heading: str
    field: str
    example: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as it would be taken in. `rows` is about how many there are; the figures are of those looked at."""

    rows: int
    mapping: str | None
    columns: list[Column]
    looked_at: int
    usable: int
    known: int
    rejected: int
    problems: list[str]


def look(database: Database, path: Path, *, org: int, wanted: Wanted) -> Preview:
    """Read the first rows of a file. Raises SheetError, SourceNotFound, OSError."""
    header, total = import_file.look(path)
    with database.begin(org) as uow:
        source = sources.find(uow, wanted.source) if wanted.source else None
        found = plan(uow, header, wanted, source)
        first = reading.first(Order(path, found.reading))
        return Preview(
            total, found.kept.name or None, _columns(found, reading.examples(path)), first.read, len(first.rows),
            _known(uow, first), len(first.rejects), [_problem(one) for one in first.rejects[:PROBLEMS]],
        )  # fmt: skip


def _columns(found: Plan, examples: list[str]) -> list[Column]:
    return [
        Column(heading, found.reading.mapping.get(number, ""), examples[number] if number < len(examples) else "")
        for number, heading in enumerate(found.reading.header)
        if heading.strip()
    ]


def _known(uow: UnitOfWork, batch: Batch) -> int:
    """How many of these people the company knows already."""
    keys = list(dict.fromkeys(key for row in batch.rows for key in row.checked.keys))
    found = intake.find_all(uow, houses.of(uow), keys) if keys else {}
    return sum(any(key in found for key in row.checked.keys) for row in batch.rows)


def _problem(reject: Reject) -> str:
    return f"line {reject.line}: " + "; ".join(f"{name}: {why}" for name, why in reject.wrong.items())
