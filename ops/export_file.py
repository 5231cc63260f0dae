"""`sluice export FILE`: leads as CSV, or as a workbook where the name ends in .xlsx."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import xlsxwriter

from crm.db import Database
from crm.services import exporting


def export_file(database: Database, path: Path, *, org: int) -> int:
    """Write all leads; returns how many. CSV is UTF-8 with a mark, so that spreadsheets read Chinese right."""
    with database.begin(org) as uow:
        write = _workbook if path.suffix.lower() == ".xlsx" else _csv
        return write(path, exporting.rows(uow))


def _csv(path: Path, rows: Iterable[list[str]]) -> int:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(exporting.HEADER)
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007  (the count is the result)
            writer.writerow(row)
    return count


def _workbook(path: Path, rows: Iterable[list[str]]) -> int:
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, **plain}) as book:
        sheet = book.add_worksheet("leads")
        sheet.write_row(0, 0, exporting.HEADER)
        count = 0
        for count, row in enumerate(rows, 1):
            sheet.write_row(count, 0, row)
    return count
