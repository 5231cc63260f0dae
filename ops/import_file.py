"""`sluice import FILE`: a table of leads into the database, and the rows that cannot be taken in into another file."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from psycopg.errors import DeadlockDetected
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import OperationalError

from crm import sheets
from crm.db import Database
from crm.models import Organization, Source
from crm.rules.sheet_row import Row
from crm.services import file_import, intake_many, shadowing, sheet_mappings, sources, switching
from crm.services.file_import import ChunkDone
from ops import reading
from ops.import_plan import Plan, Wanted, plan
from ops.reading import Batch, Order
from ops.rejected import Rejected

ShowProgress = Callable[[int, int], None]
LANES = 2
BETWEEN_SWEEPS = 10  # batches
_FIGURES = ("rows", "created", "touched", "repeated", "rejected")


@dataclass(slots=True)
class Report:
    """What became of a file's rows. `finished_before`: the same file had been taken in whole, so nothing was done.

    Attributes:
        job: by which the import can be taken back within a day.
        strangers: owners whom the file names and who are nobody here, and on how many rows; their leads lie in a pool.
        unknown: values that no list knows, kept as written, and on how many rows.
        over_capacity: who holds more than allowed after a switch-over.
    """

    rows: int = 0
    created: int = 0
    touched: int = 0
    repeated: int = 0
    rejected: int = 0
    rejected_file: str | None = None
    finished_before: bool = False
    mapping: str | None = None
    job: int | None = None
    strangers: dict[str, int] = field(default_factory=dict)
    over_capacity: list[dict[str, Any]] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """One run over a file. `begin_after`: the line up to which it is in already."""

    database: Database
    org: int
    job_id: int
    source: Source | None
    total: int
    progress: ShowProgress
    locale: str
    begin_after: int = 0
    report: Report = field(default_factory=Report)
    pool: Executor | None = None

    def take_all(self, path: Path, found: Plan) -> Report:
        """Every row, batch by batch. Raises SheetError."""
        # Owners have a ledger each, for which lanes would wait in turns.
        lanes = LANES if found.reading.owners is None and self.total >= reading.LONG else 1
        order = Order(path, found.reading, intake_many.CHUNK, lanes)
        with (
            Rejected(path, list(found.reading.header), self.locale) as rejected,
            ThreadPoolExecutor(lanes) as self.pool,
            _swept_seldom() as sweep,
        ):
            for batch in reading.batches(order, self.total):
                self._take(batch, rejected)
                sweep()
            self.report.rejected_file = str(rejected.path) if rejected.written else None
        self.progress(self.report.rows, self.report.rows)
        return self.report

    def _take(self, batch: Batch, rejected: Rejected) -> None:
        for reject in batch.rejects:
            rejected.write(reject.line, reject.cells, reject.wrong)
        for stranger in (row.stranger for row in batch.rows if row.stranger):
            self.report.strangers[stranger] = self.report.strangers.get(stranger, 0) + 1
        for words in (words for row in batch.rows for words in row.unknown):
            self.report.unknown[words] = self.report.unknown.get(words, 0) + 1
        self.report.rows += batch.read
        self.report.rejected += len(batch.rejects)
        if batch.line <= self.begin_after:
            self.report.repeated += len(batch.rows)
        else:
            self._write(batch, rejected)
        self.progress(self.report.rows, self.total)

    def _write(self, batch: Batch, rejected: Rejected) -> None:
        """All lanes at once, each in a transaction; then how far the file is in."""
        assert self.pool is not None, "open while rows are taken"
        for done in self.pool.map(self._lane, [lane for lane in batch.lanes if lane]):
            self.report.created += done.created
            self.report.touched += done.touched
            self.report.repeated += done.repeated
            self.report.rejected += done.refused
            for line in done.lines:
                rejected.write(line, [], {"": file_import.ERASED})
        with self.database.begin(self.org) as uow:
            file_import.reach(uow, job_id=self.job_id, line=batch.line)

    def _lane(self, rows: list[Row], tries: int = 3) -> ChunkDone:
        try:
            with self.database.begin(self.org) as uow:
                return file_import.take(uow, rows, job_id=self.job_id, source=self.source)
        except OperationalError as exc:
            # Two lanes may meet at a customer who was known by two keys before.
            if tries == 1 or not isinstance(exc.orig, DeadlockDetected):
                raise
        return self._lane(rows, tries - 1)


@contextmanager
def _swept_seldom() -> Iterator[Callable[[], None]]:
    """Rows hold no circles, so that looking for some after every few hundred of them, among all there is, is in vain.

    What little is in circles besides is looked for now and then, by what this gives. It is called after each batch.
    """
    done = count(1)

    def sweep() -> None:
        if next(done) % BETWEEN_SWEEPS == 0:
            gc.collect()

    gc.freeze()
    gc.disable()
    try:
        yield sweep
    finally:
        gc.enable()
        gc.unfreeze()


def import_file(
    database: Database,
    path: Path,
    *,
    org: int,
    wanted: Wanted | None = None,
    progress: ShowProgress = lambda _done, _total: None,
) -> Report:
    """Take in a CSV or spreadsheet file; safe to break off and to run again.

    Args:
        progress: is told the rows done and about how many there are.

    Raises: SheetError for a file that is no table of leads; SourceNotFound; PoolNotFound; OSError.
    """
    wanted = wanted or Wanted()
    header, total = look(path)
    with database.begin(org) as uow:
        source = sources.find(uow, wanted.source) if wanted.source else None
        found = plan(uow, header, wanted, source)
        job = file_import.begin(uow, name=path.name, digest=_digest(path, found))
        reached = file_import.reached(uow, job.id)
        locale = uow.session.get_one(Organization, org).locale
        job_id, counters = job.id, job.counters if job.state == "done" else None
    if counters is not None:
        return Report(**{name: counters[name] for name in _FIGURES}, finished_before=True)
    run = Run(database, org, job_id, source, total, progress, locale, reached)
    report = run.take_all(path, found)
    with database.begin(org) as uow:
        file_import.finish(uow, job_id=job_id, counters=_figures(report))
        if wanted.switch_over:
            report.over_capacity = [asdict(one) for one in switching.over_capacity(uow)]
            shadowing.begin(uow, why=shadowing.SWITCH_OVER)
    report.mapping = found.kept.name or None
    report.job = job_id
    return report


def import_with_bar(database: Database, path: Path, *, org: int, wanted: Wanted | None = None) -> Report:
    """The same, with a progress bar on the terminal; standard output stays free for the result."""
    path.open("rb").close()  # a file that is not there has no bar
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(path.name, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=max(done, total))

        return import_file(database, path, org=org, wanted=wanted, progress=show)


def save_mapping(database: Database, path: Path, *, org: int, wanted: Wanted, name: str) -> None:
    """Keep under that name what the columns of a file are taken for. Raises: as `import_file`."""
    header, _total = look(path)
    with database.begin(org) as uow:
        found = plan(uow, header, wanted, None)
        kept = sheet_mappings.Kept(name, found.fields, found.kept.values, found.kept.day_first)
        sheet_mappings.save(uow, kept, sheet_mappings.name_of_columns(header))


def look(path: Path) -> tuple[list[str], int]:
    """The headings of a file and about how many rows there are. Raises SheetError, OSError."""
    with path.open("rb") as stream:
        sheet = sheets.read(stream)
        return sheet.header, sheet.total


def _digest(path: Path, found: Plan) -> str:
    """A name of the content, of whose it is, and of how it is read."""
    how = (found.reading.sender, sorted(found.reading.mapping.items()), bool(found.reading.ways))
    digest = hashlib.sha256(f"{how}\n".encode())
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _figures(report: Report) -> dict[str, int]:
    return {name: value for name, value in asdict(report).items() if name in _FIGURES}
