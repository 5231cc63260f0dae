"""Importing a file of leads: every common encoding, bad rows with reasons, safe to run twice, no formulas."""

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import text
from structlog.testing import capture_logs

from crm import queue
from crm.errors import SourceNotFound
from crm.rules.inert import inert, lively
from crm.services import erasing
from crm.sheets import SheetError, read
from ops.import_file import import_file, import_with_bar
from ops.import_plan import Wanted
from tests import build

HEADER = "姓名,手机号,公司,备注,行业\n"
ROWS = "张三,138 0013 8000,好茶有限公司,要报价,餐饮\n李四,13900139000,云上科技,,软件\n"
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", " =1", "＝1", "＠x"]


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


@pytest.fixture
def file(tmp_path):
    def write(content, name="leads.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        return path

    return write


def leads(database, acme):
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(
            text(
                "select p.name, p.company, k.value, l.custom from lead l join person p on p.id = l.person_id"
                " join person_key k on k.person_id = p.id order by l.number"
            )
        )
        return [tuple(row) for row in rows]


def test_a_cell_of_any_length_costs_its_own_row_only(database, acme, file):
    long = f"王五,13700137000,,{'x' * 200_000},\n"
    report = import_file(database, file(HEADER + long + ROWS), org=acme.org_id)
    assert (report.rows, report.created, report.rejected) == (3, 2, 1)
    assert "A cell is too long." in Path(report.rejected_file or "").read_text("utf-8-sig")


def test_who_was_erased_is_named_by_the_line_alone_among_the_rows_left_out(database, acme, file):
    with database.begin(acme.org_id) as uow:
        person = build.read(uow, build.lead(uow, acme, phone="+8613800138000")).person_id
        erasing.erase(uow, person, by=None, basis="request")
    report = import_file(database, file(HEADER + ROWS), org=acme.org_id)
    said = Path(report.rejected_file or "").read_text("utf-8-sig")
    assert (report.created, report.rejected, "13800138000" in said.replace(" ", "")) == (1, 1, False)
    assert '"2","This customer was erased on request' in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_reads_alike_in_every_common_encoding(database, acme, file, encoding):
    report = import_file(database, file(HEADER + ROWS, encoding=encoding), org=acme.org_id, wanted=Wanted(source="web"))
    assert (report.rows, report.created, report.rejected) == (2, 2, 0)
    assert leads(database, acme) == [
        ("张三", "好茶有限公司", "+8613800138000", {"行业": "餐饮"}),
        ("李四", "云上科技", "+8613900139000", {"行业": "软件"}),
    ]


def test_a_spreadsheet_keeps_its_phones_and_dates(database, acme, tmp_path):
    path = tmp_path / "leads.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Name", "Phone", "Paid"])
    sheet.write_row(1, 0, ["Lu Wei", 13800138000, True])
    book.close()
    assert import_file(database, path, org=acme.org_id).created == 1
    assert leads(database, acme) == [("Lu Wei", "", "+8613800138000", {"Paid": "True"})]


def test_bad_rows_go_to_a_file_with_their_reasons(database, acme, file):
    path = file("Name,Phone,E-mail\nLu,12,x\nWu,13900139000,\n=cmd,,\n")
    report = import_file(database, path, org=acme.org_id)
    assert (report.rows, report.created, report.rejected) == (3, 1, 2)
    raw = (path.parent / "leads.csv.rejected.csv").read_text("utf-8-sig")
    assert list(csv.reader(io.StringIO(raw))) == [
        ["Name", "Phone", "E-mail", "line", "reason"],
        ["Lu", "12", "x", "2", "Phone: This is not a valid phone number.; E-mail: This is not a valid e-mail address."],
        ["'=cmd", "", "", "4", "Phone: A phone, e-mail or WeChat id is needed."],
    ]


def test_the_rejected_file_can_be_corrected_and_imported(database, acme, file):
    path = file("Name,Phone\n=Lu,+86 12\n")
    import_file(database, path, org=acme.org_id)
    rejected = path.parent / "leads.csv.rejected.csv"
    rejected.write_text(rejected.read_text("utf-8-sig").replace("+86 12", "+86 13800138000"), "utf-8")
    assert import_file(database, rejected, org=acme.org_id).created == 1
    assert leads(database, acme) == [("=Lu", "", "+8613800138000", {})]


def test_a_second_run_of_the_same_file_does_nothing(database, acme, file):
    path = file(HEADER + ROWS)
    import_file(database, path, org=acme.org_id, wanted=Wanted(source="web"))
    report = import_file(database, path, org=acme.org_id, wanted=Wanted(source="web"))
    assert (report.finished_before, report.created, len(leads(database, acme))) == (True, 2, 2)


def test_a_run_that_broke_off_is_finished_by_the_next_one(database, acme, file, monkeypatch):
    def break_off(done, total):
        raise KeyboardInterrupt

    path = file(HEADER + ROWS)
    monkeypatch.setattr("crm.services.intake_many.CHUNK", 1)
    with pytest.raises(KeyboardInterrupt):
        import_file(database, path, org=acme.org_id, progress=break_off)
    report = import_file(database, path, org=acme.org_id)
    assert (report.created, report.repeated, report.touched) == (1, 1, 0)
    assert len(leads(database, acme)) == 2


def test_an_extended_file_takes_in_only_what_is_new(database, acme, file):
    import_file(database, file(HEADER + ROWS), org=acme.org_id)
    report = import_file(database, file(HEADER + ROWS + "王五,13700137000,,,\n"), org=acme.org_id)
    assert (report.created, report.repeated, report.touched) == (1, 2, 0)


def test_rows_of_one_customer_become_one_lead_with_touches(database, acme, file):
    rows = "Lu,13800138000,a@tea.cn\nLu W,13800138000,\nWu,,a@tea.cn\nXu,,x@tea.cn\n"
    report = import_file(database, file("name,phone,email\n" + rows), org=acme.org_id)
    assert (report.created, report.touched) == (2, 2)
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalars(text("select touches from lead order by number")).all() == [3, 1]


def test_a_known_customer_is_touched_and_the_owner_told_once(database, acme, file):
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann", phone="+8613800138000")
        build.lead(uow, acme, owner="ann", phone="+8613900139000")
    assert import_file(database, file(HEADER + ROWS), org=acme.org_id).touched == 2
    with database.begin(acme.org_id) as uow:
        told = uow.session.execute(text("select member_id, card ->> 'count' from message")).all()
    assert told == [(acme.member["ann"], "2")]


def test_the_owner_column_gives_leads_and_rejects_strangers(database, acme, file):
    path = file("name,phone,owner\nLu,13800138000,ann li\nWu,13900139000,bob@acme.example\nXu,13700137000,Nobody\n")
    report = import_file(database, path, org=acme.org_id, wanted=Wanted(owners=True))
    assert (report.created, report.rejected) == (2, 1)
    with database.begin(acme.org_id) as uow:
        owners = uow.session.scalars(text("select owner_id from lead order by number")).all()
    assert owners == [acme.member["ann"], acme.member["bob"]]


def test_the_new_leads_wait_to_be_dealt(database, acme, file):
    import_file(database, file(HEADER + ROWS), org=acme.org_id)
    with database.begin(acme.org_id) as uow:
        jobs = uow.session.scalars(
            text("select args -> 'lead_ids' from procrastinate_jobs where task_name = :t and args ->> 'org_id' = :o"),
            {"o": str(acme.org_id), "t": queue.DEAL},
        ).all()
        created = uow.session.scalars(text("select id from lead order by id")).all()
    assert jobs == [created]


def test_progress_ends_at_the_number_of_rows(database, acme, file):
    seen = []
    import_file(database, file(HEADER + ROWS), org=acme.org_id, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (2, 2)


def test_the_progress_bar_leaves_standard_output_to_the_result(database, acme, file, capsys):
    with capture_logs():
        assert import_with_bar(database, file(HEADER + ROWS), org=acme.org_id).created == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "leads.csv" in printed.err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"name,phone\n\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b"\xef\xbb\xbfname,phone\n\xff", "neither UTF-8 nor GB18030"),
        (b"\xff\xfen\x00a", "neither UTF-8 nor GB18030"),
        (b"colour,size\nred,1\n", "No column is called phone"),
        (b"PK\x03\x04 not really a spreadsheet", "damaged"),
    ],
)
def test_a_file_that_is_no_table_of_leads_is_refused_in_a_sentence(database, acme, file, content, sentence):
    with pytest.raises(SheetError, match=sentence):
        import_file(database, file(content), org=acme.org_id)


def test_an_unknown_source_is_refused_before_anything_is_read(database, acme, file):
    with pytest.raises(SourceNotFound):
        import_file(database, file(HEADER + ROWS), org=acme.org_id, wanted=Wanted(source="nowhere"))
    assert leads(database, acme) == []


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(separator):
    sheet = read(io.BytesIO(f"name{separator}phone\nLu{separator}1\n".encode()))
    assert (sheet.header, list(sheet.rows)) == (["name", "phone"], [["Lu", "1"]])


@pytest.mark.parametrize("above", ["", "客户名单,\n", "Leads of March,\n2026-03-01,\n\n"])
def test_a_name_above_the_headings_is_none_of_them(above):
    sheet = read(io.BytesIO(f"{above}name,phone\n\nLu,1\n".encode()))
    assert (sheet.header, [row for _, row in sheet.numbered]) == (["name", "phone"], [["Lu", "1"]])


def test_a_rejected_row_is_named_by_its_place_in_the_file(database, acme, file):
    path = file("March,\nname,phone\n,\nLu,13800138000\n,,\nWu,12\n")
    import_file(database, path, org=acme.org_id)
    [_, row] = csv.reader(io.StringIO((path.parent / "leads.csv.rejected.csv").read_text("utf-8-sig")))
    assert row[:3] == ["Wu", "12", "6"]


def test_a_spreadsheet_gives_dates_numbers_and_results_of_formulas(tmp_path):
    path = tmp_path / "odd.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:D1", "客户名单")
        sheet.write_row("A2", ["姓名", "手机", "创建时间", "金额"])
        sheet.write_string("A3", "周敏")
        sheet.write_number("B3", 13800138000)
        sheet.write_datetime("C3", date(2025, 6, 1), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula("D3", "=100*2.5", value=250)
        sheet.write_row("A5", ["李四", "13900139000", "", "x" * 5000])
    with path.open("rb") as stream:
        sheet = read(stream)
        assert sheet.header == ["姓名", "手机", "创建时间", "金额"]
        rows = list(sheet.numbered)
    assert rows[0] == (3, ["周敏", "13800138000", "2025-06-01", "250"])
    assert (rows[1][0], len(rows[1][1][3])) == (5, 5000)


@pytest.mark.parametrize("cell", DANGEROUS)
def test_no_cell_begins_like_a_formula(cell):
    assert inert(cell).startswith("'")
    assert lively(inert(cell)) == cell.replace("\x00", "")


@pytest.mark.parametrize("cell", ["", "Lu", "13800138000", "a=b", "'quoted'"])
def test_an_innocent_cell_stays_as_it_is(cell):
    assert lively(inert(cell)) == inert(cell) == cell


def test_a_sheet_that_unpacks_to_more_than_the_machine_has_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("crm.sheets.MOST_UNPACKED", 1024 * 1024)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(4 * 1024 * 1024))
    assert bomb.tell() < 16 * 1024
    bomb.seek(0)
    with pytest.raises(SheetError, match="too large"):
        read(bomb)
