"""`sluice export FILE`: leads, or decisions, as CSV, or as a workbook where the name ends in .xlsx."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import xlsxwriter
from sqlalchemy import text

from crm.db import Database
from crm.rules import periods
from crm.rules.inert import inert
from crm.services import audit, decision_export, exporting
from crm.services.members import zone
from ops.errors import StartError

_ZONE = text("select timezone from organization where id = :org")


def export_file(database: Database, path: Path, *, org: int) -> int:
    """Write all leads; returns how many. CSV is UTF-8 with a mark, so that spreadsheets read Chinese right."""
    with database.begin(org) as uow:
        audit.write(uow, "data.exported", by=None, subject="leads")
        return write_table(path, "leads", exporting.header(uow), exporting.rows(uow))


def export_decisions(database: Database, path: Path, *, org: int, period: str) -> int:
    """Write the decisions of a period, such as `30d` or `2026-10`; returns how many. Raises StartError."""
    with database.begin(org) as uow:
        try:
            found = periods.parse(period, uow.now, zone(uow.session.execute(_ZONE, {"org": org}).scalar_one()))
        except ValueError:
            raise StartError(f"I cannot read the period {period}. Write it like week, 30d or 2026-10.") from None
        audit.write(uow, "data.exported", by=None, subject="decisions")
        rows = decision_export.rows(uow, period=found)
        return write_table(path, "decisions", decision_export.HEADER, rows)


def write_table(path: Path, name: str, header: Sequence[str], rows: Iterable[list[str]]) -> int:
    """Write inert rows as CSV, or as a workbook where the name ends in .xlsx; returns how many."""
    if path.suffix.lower() == ".xlsx":
        return _workbook(path, name, header, rows)
    return _csv(path, header, rows)


def _csv(path: Path, header: Sequence[str], rows: Iterable[list[str]]) -> int:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(map(inert, header))
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007  (the count is the result)
            writer.writerow(map(inert, row))
    return count


def _workbook(path: Path, name: str, header: Sequence[str], rows: Iterable[list[str]]) -> int:
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, **plain}) as book:
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, map(inert, header))
        count = 0
        for count, row in enumerate(rows, 1):
            sheet.write_row(count, 0, map(inert, row))
    return count
