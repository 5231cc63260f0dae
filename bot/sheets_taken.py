"""The jobs behind a dropped sheet: fetch it from its chat, count it for the preview, take it in and show how far it is.

Both may run twice: a row that was taken in has no second effect.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot import posted
from bot.platforms.base import Platform, PlatformError, Rejected, Throttled, Unavailable, Workspace
from bot.workspaces import Workspaces
from crm import queue, sheets
from crm.db import Database
from crm.models import ImportJob
from crm.rules import fields
from crm.rules.fields import mapping_of
from crm.services import catalogue, dropped_sheets, members, sheet_mappings, sheet_rows
from crm.services.sheet_mappings import Kept
from crm.services.sheet_rows import Line, Rejects
from crm.sheets import Sheet, SheetError

log = structlog.get_logger()

MOST_ROWS, MOST_COLUMNS, LOOKED_UP = 100_000, 60, 5_000
TRIES, WAIT = 6, 10.0
TOO_MANY, NO_KEY = "too_many_rows", "no_key_column"
CHANGED, UNREACHABLE, UNREADABLE, BROKEN = "changed", "unreachable", "unreadable", "broken"
KEYS = frozenset({"phone", "email", "wechat"})
UNKNOWN = 8  # values that no list has, of those most often found


class Sheets:
    """The work on dropped sheets. Safe to share by threads."""

    def __init__(self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform]) -> None:
        self._database, self._workspaces, self._platforms = database, workspaces, platforms

    def read(self, org_id: int, job_id: int, attempt: int = 0) -> None:
        """Count what a sheet holds, for its preview."""
        self._on_sheet(org_id, job_id, attempt, queue.READ_SHEET, self._preview)

    def take(self, org_id: int, job_id: int, attempt: int = 0) -> None:
        """Take a confirmed sheet in."""
        self._on_sheet(org_id, job_id, attempt, queue.TAKE_SHEET, self._take)

    def _on_sheet(self, org_id: int, job_id: int, attempt: int, task: str, work: Any) -> None:
        with self._database.begin(org_id) as uow:
            job = dropped_sheets.get(uow, job_id)
        wanted = dropped_sheets.RUNNING if task == queue.TAKE_SHEET else None
        if job.done_at or (wanted and job.state != wanted):
            return
        try:
            content = self._fetched(job)
            with io.BytesIO(content) as stream:
                work(org_id, job, sheets.read(stream), hashlib.sha256(content).hexdigest())
        except (Throttled, Unavailable) as exc:
            self._later(org_id, job_id, attempt, task, exc)
        except PlatformError as exc:
            log.info("sheet.unreachable", cause=exc.cause)
            self._fail(org_id, job_id, UNREACHABLE)
        except SheetError as exc:
            self._fail(org_id, job_id, UNREADABLE, str(exc))
        except _Unfit as exc:
            self._fail(org_id, job_id, str(exc))
        except (OperationalError, InterfaceError, PoolTimeout):
            raise  # the database is away: the job runs again
        except Exception:
            log.exception("sheet.crashed", sheet=job_id)
            self._fail(org_id, job_id, BROKEN)

    def _fetched(self, job: ImportJob) -> bytes:
        workspace = self._workspaces.by_id(job.counters["workspace"])
        if workspace is None:
            raise Rejected("workspace_gone")
        return self._platforms[workspace.platform].fetch_file(workspace, job.counters["file"])

    def _preview(self, org_id: int, job: ImportJob, sheet: Sheet, digest: str) -> None:
        chosen = job.counters.get("mapping")
        columns = sheet_mappings.name_of_columns(sheet.header)
        kept = self._recognised(org_id, columns) if chosen is None else None
        mapping = (
            _meant(sheet.header, kept) if chosen is None else {int(number): name for number, name in chosen.items()}
        )
        house, rejects = sheet_rows.house_of(self._database, org_id), Rejects(sheet.header)
        if len(sheet.header) > MOST_COLUMNS or sheet.total > MOST_ROWS:
            raise _Unfit(TOO_MANY)
        usable, known, unknown = 0, 0, Counter[str]()
        with self._database.begin(org_id) as uow:
            lists = catalogue.of(uow)
        sample: list[list[str]] = []
        for chunk in _chunks(sheet_rows.checked(sheet, mapping, house, rejects, lists), LOOKED_UP):
            unknown.update(words for line in chunk for words in line.row.unknown)
            sample = sample or [line.cells for line in chunk[:3]]
            usable += len(chunk)
            with self._database.begin(org_id) as uow:
                known += sheet_rows.known(uow, house, chunk)
        found = {
            "header": [name[:80] for name in sheet.header],
            "mapping": {str(number): name for number, name in mapping.items()},
            "rows": usable + len(rejects.rows), "usable": usable, "wrong": len(rejects.rows), "counting": False,
            "known": known, "columns": columns,
            "keyless": not KEYS & set(mapping.values()),
            "problems": _first(rejects), "unknown": unknown.most_common(UNKNOWN),
        } | ({"recognised": kept.name} if kept else {})  # fmt: skip
        sample = sample or [cells for _, cells, _ in rejects.rows[:3]]
        with self._database.begin(org_id) as uow:
            dropped_sheets.show(uow, job.id, digest=digest, sample=sample, found=found)
            posted.sheet_changed(uow, job.id)

    def _recognised(self, org_id: int, columns: str) -> Kept | None:
        with self._database.begin(org_id) as uow:
            return sheet_mappings.recognised(uow, columns)

    def _take(self, org_id: int, job: ImportJob, sheet: Sheet, digest: str) -> None:
        if digest != job.digest:
            raise _Unfit(CHANGED)
        mapping = {int(number): name for number, name in job.counters["mapping"].items()}
        house, rejects = sheet_rows.house_of(self._database, org_id), Rejects(sheet.header)
        lines = sheet_rows.checked(sheet, mapping, house, rejects)
        figures = {"done": 0, "created": 0, "touched": 0, "repeated": 0, "refused": 0, "rejected": 0}
        size, take = self._taker(org_id, job)
        for chunk in _chunks(lines, size):
            for name, count in take(chunk, rejects).items():
                figures[name] += count
            figures |= {"done": chunk[-1].number - 1, "rejected": len(rejects.rows) + figures["refused"]}
            self._tell(org_id, job.id, figures)
        figures |= {"done": job.counters["rows"], "rejected": len(rejects.rows) + figures["refused"]}
        sent = bool(rejects.rows) and self._send_back(org_id, job, rejects)
        with self._database.begin(org_id) as uow:
            more = json.dumps(figures | {"sent_back": sent, "problems": _first(rejects)})
            dropped_sheets.end(uow, job.id, dropped_sheets.DONE, more)
            posted.sheet_changed(uow, job.id)

    def _taker(self, org_id: int, job: ImportJob) -> tuple[int, Any]:
        """How many rows at a time, and what takes them."""
        if job.counters["whose"] == dropped_sheets.COMPANY:
            return sheet_rows.CHUNK, partial(sheet_rows.take_for_company, self._database, org_id, job.id)
        assert job.member_id is not None, "a dropped sheet has its member"
        with self._database.begin(org_id) as uow:
            actor = members.get(uow, job.member_id)
        return sheet_rows.BY_HAND, partial(sheet_rows.take_for_member, self._database, org_id, actor)

    def _tell(self, org_id: int, job_id: int, figures: Mapping[str, int]) -> None:
        with self._database.begin(org_id) as uow:
            dropped_sheets.progress(uow, job_id, json.dumps(dict(figures)))
            posted.sheet_changed(uow, job_id)

    def _send_back(self, org_id: int, job: ImportJob, rejects: Rejects) -> bool:
        """The rows left out, as a file beside the card; where the chat takes none, the card names the first."""
        with self._database.begin(org_id) as uow:
            place = posted.sheet_place(uow, job.id)
        workspace = self._workspaces.by_id(job.counters["workspace"])
        if workspace is None or place is None:
            return False
        return self._sent(workspace, place, f"{job.name.rpartition('.')[0] or job.name}.rejected.csv", rejects.file())

    def _sent(self, workspace: Workspace, place: Mapping[str, Any], name: str, content: bytes) -> bool:
        send = getattr(self._platforms[workspace.platform], "send_file", None)
        if send is None:
            return False
        try:
            send(workspace, place, name, content)
        except PlatformError as exc:
            log.warning("sheet.rejects_not_sent", cause=exc.cause)
            return False
        return True

    def _fail(self, org_id: int, job_id: int, why: str, detail: str = "") -> None:
        with self._database.begin(org_id) as uow:
            dropped_sheets.end(uow, job_id, dropped_sheets.FAILED, json.dumps({"why": why, "detail": detail[:300]}))
            posted.sheet_changed(uow, job_id)

    def _later(self, org_id: int, job_id: int, attempt: int, task: str, exc: PlatformError) -> None:
        if attempt + 1 >= TRIES:
            self._fail(org_id, job_id, UNREACHABLE)
            return
        wait = exc.retry_after if isinstance(exc, Throttled) else WAIT * 2**attempt
        args = {"org_id": org_id, "job_id": job_id, "attempt": attempt + 1}
        with self._database.begin(org_id) as uow:
            at = self._database.time() + timedelta(seconds=wait)
            uow.defer(queue.Order(task, args, at=at, queue=queue.BULK))


class _Unfit(Exception):
    """A sheet that is one, but not for here; the text is a code of why."""


def _meant(header: Sequence[str], kept: Kept | None) -> dict[int, str]:
    """What each column holds: as somebody said of such a sheet before, else by its usual names."""
    usual = mapping_of(header)
    told = kept.columns if kept else {}
    meant = {number: told.get(heading[:80], usual.get(number, "")) for number, heading in enumerate(header)}
    return {number: name for number, name in meant.items() if name in fields.NAMES}


def _first(rejects: Rejects) -> list[Any]:
    """The first rows left out, by number and reason; nothing that stands in them."""
    return [[number, dict(wrong)] for number, _, wrong in rejects.rows[: sheet_rows.PROBLEMS]]


def _chunks(lines: Iterator[Line], size: int) -> Iterator[Sequence[Line]]:
    while chunk := list(islice(lines, size)):
        yield chunk
