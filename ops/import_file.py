"""`sluice import FILE`: a table of leads into the database, and the rows that cannot be taken in into another file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crm import sheets
from crm.db import Database
from crm.models import Source
from crm.rules.arrival import Checked, FieldErrors, check
from crm.rules.fields import mapping_of
from crm.rules.rows import of_row
from crm.services import file_import, houses, intake_many, sources
from crm.services.houses import House
from crm.sheets import Sheet, SheetError
from ops.rejected import Rejected

NO_KEY_COLUMN = "No column is called phone, e-mail, WeChat or id. There are: {names}."
NO_NAME = "A name or company is needed where there is no phone, e-mail or WeChat id."
NO_OWNER = "There is no active colleague “{owner}”."
_KEY_FIELDS = frozenset({"phone", "email", "wechat", "external_id", "id"})
ShowProgress = Callable[[int, int], None]


@dataclass(slots=True)
class Report:
    """What became of a file's rows. `finished_before`: the same file had been taken in whole, so nothing was done."""

    rows: int = 0
    created: int = 0
    touched: int = 0
    repeated: int = 0
    rejected: int = 0
    rejected_file: str | None = None
    finished_before: bool = False


def import_file(
    database: Database,
    path: Path,
    *,
    org: int,
    source: str | None = None,
    owner_column: bool = False,
    progress: ShowProgress = lambda _done, _total: None,
) -> Report:
    """Take in a CSV or spreadsheet file; safe to break off and to run again.

    Args:
        source: key of the source whose leads these are.
        owner_column: a column of names or e-mails says who owns each new lead.
        progress: is told the rows done and about how many there are.

    Raises: SheetError for a file that is no table of leads; SourceNotFound; PoolNotFound; OSError.
    """
    with path.open("rb") as stream:
        digest = _digest(stream, source)
        with database.begin(org) as uow:
            found = sources.find(uow, source) if source else None
            owners = file_import.owners(uow) if owner_column else None
            run = Run(database, org, houses.of(uow), found, owners, progress)
            job = file_import.begin(uow, name=path.name, digest=digest)
            job_id, counters = job.id, job.counters if job.state == "done" else None
        if counters is not None:
            return Report(**counters, finished_before=True)
        report = run.take_all(sheets.read(stream), path)
    with database.begin(org) as uow:
        file_import.finish(uow, job_id=job_id, counters=_figures(report))
    return report


def import_with_bar(
    database: Database, path: Path, *, org: int, source: str | None = None, owner_column: bool = False
) -> Report:
    """The same, with a progress bar on the terminal; standard output stays free for the result."""
    path.open("rb").close()  # a file that is not there has no bar
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(path.name, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=max(done, total))

        return import_file(database, path, org=org, source=source, owner_column=owner_column, progress=show)


@dataclass(slots=True)
class Chunk:
    """Rows that wait to be written together, each with the member who shall own it."""

    rows: list[Checked] = field(default_factory=list)
    owners: list[int | None] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """One run over a file. `owners`: member ids by lower-case name and e-mail; None: nobody is given a lead."""

    database: Database
    org: int
    house: House
    source: Source | None
    owners: dict[str, int] | None
    progress: ShowProgress
    report: Report = field(default_factory=Report)

    def take_all(self, sheet: Sheet, path: Path) -> Report:
        """Every row, in chunks. Raises SheetError."""
        mapping = mapping_of(sheet.header)
        if not _KEY_FIELDS.intersection(mapping.values()):
            raise SheetError(NO_KEY_COLUMN.format(names=", ".join(name for name in sheet.header if name.strip())))
        with Rejected(path, sheet.header) as rejected:
            self._rows(sheet, mapping, rejected)
            self.report.rejected_file = str(rejected.path) if rejected.written else None
        return self.report

    def _rows(self, sheet: Sheet, mapping: dict[int, str], rejected: Rejected) -> None:
        chunk = Chunk()
        for line, cells in enumerate(sheet.rows, start=2):
            self.report.rows += 1
            try:
                self._add(chunk, cells, sheet.header, mapping)
            except FieldErrors as exc:
                self.report.rejected += 1
                rejected.write(line, cells, str(exc))
            if len(chunk.rows) == intake_many.CHUNK:
                chunk = self._write(chunk, sheet.total)
        self._write(chunk, sheet.total)
        self.progress(self.report.rows, self.report.rows)

    def _add(self, chunk: Chunk, cells: list[str], header: list[str], mapping: dict[int, str]) -> None:
        sender = self.source.key if self.source else "file"
        checked = check(of_row(cells, mapping, header), region=self.house.region, sender=sender)
        if not (checked.name or checked.company) and all(kind == "external" for kind, _ in checked.keys):
            raise FieldErrors({"name": NO_NAME})
        chunk.owners.append(self._owner(checked.owner))
        chunk.rows.append(checked)

    def _owner(self, words: str | None) -> int | None:
        if self.owners is None or words is None:
            return None
        if words.lower() not in self.owners:
            raise FieldErrors({"owner": NO_OWNER.format(owner=words)})
        return self.owners[words.lower()]

    def _write(self, chunk: Chunk, total: int) -> Chunk:
        """The chunk in a transaction of its own; returns the next, empty one."""
        if chunk.rows:
            with self.database.begin(self.org) as uow:
                done = file_import.take_chunk(uow, chunk.rows, source=self.source, owners=chunk.owners)
            self.report.created += done.created
            self.report.touched += done.touched
            self.report.repeated += done.repeated
        self.progress(self.report.rows, total)
        return Chunk()


def _digest(stream: BinaryIO, source: str | None) -> str:
    """A name of the content and of whose it is; leaves the stream at its beginning."""
    digest = hashlib.sha256(f"{source or ''}\n".encode())
    while block := stream.read(1 << 20):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


def _figures(report: Report) -> dict[str, int]:
    return {name: value for name, value in asdict(report).items() if name not in ("rejected_file", "finished_before")}
