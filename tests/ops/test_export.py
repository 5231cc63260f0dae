"""Exports: complete, and inert in any spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from crm.db import Database
from crm.services import dispatch
from ops.errors import StartError
from ops.export_file import export_decisions, export_file
from tests import build

HOSTILE = ("=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\rx", "＝1")


@pytest.fixture
def acme(database: Database) -> build.Company:
    return build.company(database)


def _cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_a_csv_holds_every_lead_with_its_owner(database: Database, acme: build.Company, tmp_path: Path) -> None:
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann", name="王小明", firm="上海茶业")
        build.lead(uow, acme)
    assert export_file(database, tmp_path / "leads.csv", org=acme.org_id) == 2
    header, first, second = _cells(tmp_path / "leads.csv")
    assert dict(zip(header, first, strict=True))["owner"] == "Ann Li"
    assert dict(zip(header, first, strict=True))["name"] == "王小明"
    assert dict(zip(header, second, strict=True))["pool"] == "Open"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_workbook_becomes_a_formula(
    database: Database, acme: build.Company, tmp_path: Path, text: str
) -> None:
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, name=text, firm=text)
    export_file(database, tmp_path / "leads.xlsx", org=acme.org_id)
    (_, row) = CalamineWorkbook.from_path(tmp_path / "leads.xlsx").get_sheet_by_index(0).to_python()
    assert str(row[1]).startswith("'")
    assert str(row[2]).startswith("'")


def test_another_organization_is_not_in_it(database: Database, acme: build.Company, tmp_path: Path) -> None:
    other = build.company(database)
    with database.begin(other.org_id) as uow:
        build.lead(uow, other)
    assert export_file(database, tmp_path / "leads.csv", org=acme.org_id) == 0


def test_decisions_of_a_period_are_written_with_why(database: Database, acme: build.Company, tmp_path: Path) -> None:
    with database.begin(acme.org_id) as uow:
        dispatch.dispatch(uow, build.lead(uow, acme))
    assert export_decisions(database, tmp_path / "why.csv", org=acme.org_id, period="today") == 1
    header, row = _cells(tmp_path / "why.csv")
    assert dict(zip(header, row, strict=True))["outcome"] == "pooled"
    assert export_decisions(database, tmp_path / "why.xlsx", org=acme.org_id, period="2001") == 0
    with pytest.raises(StartError, match="cannot read the period"):
        export_decisions(database, tmp_path / "why.csv", org=acme.org_id, period="some day")
