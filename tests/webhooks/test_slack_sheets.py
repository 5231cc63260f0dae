"""A sheet dropped into the chat with the app: previewed, corrected, taken in, and what was left out sent back."""

import csv
import io

import pytest
import xlsxwriter

from bot.sheets_taken import Sheets
from crm.services import sheet_rows
from tests.doubles.slack_http import Fault, Reply
from tests.drivers.slack import SlackDriver
from tests.loop.conftest import *  # noqa: F403

GOOD = "name,mobile,company\nMary Poppins,13800138001,Tea House\n周敏,13800138002,茶语\nNobody,123,\n"
ODD = "who,how to call\nMary Poppins,13800138001\n"


@pytest.fixture
def mia(world) -> SlackDriver:
    """A manager."""
    return world.chat("slack", "mia")


@pytest.fixture
def ann(world) -> SlackDriver:
    return world.chat("slack", "ann")


def newest(world, who: SlackDriver):
    """The card as it stands now."""
    world.run_jobs()
    return who.inbox()[-1]


def test_a_sheet_is_previewed_before_anything_is_taken_in(world, mia):
    mia.drops("leads.csv", GOOD.encode())
    card = newest(world, mia)
    assert card.title == "Import leads.csv?"
    assert "Rows: 3" in card.text
    assert "Usable: 2" in card.text
    assert "Line 4: Phone: This is not a valid phone number." in card.text
    assert "mobile → Phone" in card.text
    assert world.count("select count(*) from lead") == 0


def test_a_sheet_that_is_read_while_its_card_is_on_its_way_is_previewed_all_the_same(world, mia, monkeypatch):
    slack = world.work.bot.platforms["slack"]
    send, read = slack.send, Sheets.read

    def slow(*args, **more):
        read(world.work.sheets(), world.acme.org_id, world.count("select max(id) from import_job"))
        return send(*args, **more)

    monkeypatch.setattr(slack, "send", slow)
    monkeypatch.setattr(Sheets, "read", lambda *args: None)
    mia.drops("leads.csv", GOOD.encode())
    assert newest(world, mia).title == "Import leads.csv?"


def test_a_manager_gives_it_to_the_company_and_gets_back_what_was_left_out(world, mia):
    mia.drops("leads.csv", GOOD.encode())
    mia.taps(newest(world, mia), "Import for the company")
    card = next(each for each in reversed(mia.inbox()) if "is in" in each.title)
    assert "New leads: 2" in card.text
    assert world.count("select count(*) from lead") == 2
    [back] = [file for file in world.slack.files.values() if file["name"].endswith(".rejected.csv")]
    rows = list(csv.reader(io.StringIO(back["bytes"].decode("utf-8-sig"))))
    assert rows[0] == ["name", "mobile", "company", "line", "reason"]
    assert rows[1][:2] == ["Nobody", "123"]
    assert world.count("select count(*) from import_job where rows is not null") == 0


def test_a_rep_keeps_what_she_found_and_nobody_elses(world, ann):
    world.lead(owner="bob", name="周敏", phone="+8613800138002")
    ann.drops("leads.csv", GOOD.encode())
    card = newest(world, ann)
    assert "Import for the company" not in card.buttons
    assert "Known already: 1" in card.text
    ann.taps(card, "I found them: mine")
    assert "New leads: 1" in ann.inbox()[-1].text
    assert "Mary Poppins" in ann.says("my").text


def test_a_column_is_told_what_it_holds(world, mia):
    mia.drops("odd.csv", ODD.encode())
    card = newest(world, mia)
    assert "Usable: 0" in card.text
    asked = mia.taps(card, "how to call")
    mia.taps(asked, "Phone")
    card = newest(world, mia)
    mia.taps(mia.taps(card, "who"), "Name")
    assert "Usable: 1" in newest(world, mia).text


def test_what_was_said_of_columns_is_known_at_the_next_sheet_with_them(world, mia):
    mia.drops("fair.csv", ODD.encode())
    mia.taps(mia.taps(newest(world, mia), "how to call"), "Phone")
    mia.taps(mia.taps(newest(world, mia), "who"), "Name")
    card = newest(world, mia)
    assert "remembered for the next sheet" in card.text
    mia.taps(card, "Import for the company")
    mia.drops("next fair.csv", ODD.replace("13800138001", "13800138009").encode())
    card = newest(world, mia)
    assert "taken as in “fair”" in card.text
    assert "Usable: 1" in card.text


def test_a_spreadsheet_is_read_too(world, mia):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate((["姓名", "手机"], ["周敏", 13800138002])):
        sheet.write_row(number, 0, row)
    book.close()
    mia.drops("客户.xlsx", stream.getvalue())
    assert "Usable: 1" in newest(world, mia).text


def test_a_sheet_that_is_left_alone_leaves_nothing_behind(world, mia):
    mia.drops("leads.csv", GOOD.encode())
    card = newest(world, mia)
    mia.taps(card, "Cancel")
    assert "left alone" in newest(world, mia).title
    again = mia.taps(card, "Import for the company")
    assert "taken in already" in again.text
    assert world.count("select count(*) from lead") == 0


def test_the_same_sheet_twice_makes_each_lead_once(world, mia):
    for _ in range(2):
        mia.drops("leads.csv", GOOD.encode())
        mia.taps(newest(world, mia), "Import for the company")
    assert world.count("select count(*) from lead") == 2
    assert "Rows taken in before: 2" in newest(world, mia).text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "cannot be read"),
        ("fake.xlsx", b"PK\x03\x04 no", "cannot be read"),
        ("many.csv", b"name,phone\n" + b"x,1\n" * 100_001, "too large"),
    ],
)
def test_a_file_that_is_no_list_is_told_so(world, mia, name, content, told):
    mia.drops(name, content)
    assert told in newest(world, mia).text


def test_a_mistake_of_ours_leaves_nobody_waiting(world, mia, monkeypatch):
    mia.drops("leads.csv", GOOD.encode())
    card = newest(world, mia)
    monkeypatch.setattr(sheet_rows, "take_for_company", None)
    mia.taps(card, "Import for the company")
    assert "Something went wrong" in newest(world, mia).text


def test_a_file_that_is_gone_is_told_so(world, mia):
    world.slack.faults.add("files-pri", Fault(Reply("gone", 404)))
    mia.drops("leads.csv", GOOD.encode())
    assert "Drop it once more" in newest(world, mia).text
