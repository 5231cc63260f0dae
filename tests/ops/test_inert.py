"""P26: whatever stands in a cell, no spreadsheet runs it: every kind of file, read again by a second library."""

import csv
import io
import re
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from crm.rules.inert import inert, lively
from crm.services import audit, sheet_rows
from ops.export_file import write_table
from ops.rejected import Rejected
from webhooks import exports

ROOT = Path(__file__).parents[2]
CORPUS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x",1)',
    "+86 138", "-2+3+cmd|' /C calc'!A0", "@", "=", " =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "\u2060@x", "＝1", "＋1",
    "－1", "＠x", "\t", "\r\n+1", "\x00@", "=1\n=2", '="a"',
)  # fmt: skip
HARMLESS = ("Lu Wei", "王小明", "L-1042", "a=b", "1-2", "'tis", "", "13800001111", "x@y.example", "1/2", "TRUE", "1e5")
RUNS = re.compile(r"[\s\x00\ufeff\u200b-\u200f\u2060]*[=+\-@\t\r\x00＝＋－＠]")


def read_csv(text):
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("cell", CORPUS)
def test_a_cell_stays_text_and_can_be_read_back(cell):
    assert inert(cell).startswith("'")
    assert inert(inert(cell)) == inert(cell)
    assert lively(inert(cell)) == cell.replace("\x00", "")


@pytest.mark.parametrize("cell", HARMLESS)
def test_what_runs_nowhere_stays_as_it_is(cell):
    assert inert(cell) == cell


def test_a_workbook_holds_text_only(tmp_path):
    file = tmp_path / "table.xlsx"
    write_table(file, "table", [*CORPUS, *HARMLESS], [[*CORPUS, *HARMLESS]])
    rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    cells = [cell for row in rows for cell in row]
    assert {type(cell) for cell in cells} == {str}
    assert [cell for cell in cells if RUNS.match(cell)] == []
    assert len(cells) == 2 * len(CORPUS + HARMLESS)


def test_a_csv_holds_text_only_headings_too(tmp_path):
    file = tmp_path / "table.csv"
    write_table(file, "table", CORPUS, [list(CORPUS)])
    with file.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert ([cell for cell in cells if RUNS.match(cell)], len(cells)) == ([], 2 * len(CORPUS))


def test_what_is_fetched_by_a_link_holds_text_only():
    cells = [cell for row in read_csv(exports._csv(audit.HEADER, [list(CORPUS)]).decode()) for cell in row]
    assert [cell for cell in cells if RUNS.match(cell)] == []


def test_rejected_rows_hold_text_only(tmp_path):
    with Rejected(tmp_path / "leads.csv", [f"{cell}x" for cell in CORPUS], "en") as rejected:
        rejected.write(2, list(CORPUS), {"name": "=1"})
    written = (tmp_path / "leads.csv.rejected.csv").read_text(encoding="utf-8-sig")
    cells = [cell for row in read_csv(written) for cell in row]
    assert ([cell for cell in cells if RUNS.match(cell)], len(cells)) == ([], 2 * (len(CORPUS) + 2))


def test_whoever_writes_a_table_guards_its_cells():
    writers = [
        path.relative_to(ROOT)
        for room in ("crm", "bot", "webhooks", "ops")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)|xlsxwriter\.Workbook", source := path.read_text(encoding="utf-8"))
        and not re.search(r"from crm\.rules\.inert import.*\binert\b", source)
    ]
    assert writers == [], "a table for spreadsheets: pass every cell through crm.rules.inert.inert"
    assert sheet_rows.inert is inert
