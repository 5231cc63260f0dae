"""An import whose process is killed goes on where it was: nothing is missing then, and nothing is there twice."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from crm.rules import sheet_row
from crm.rules.sheet_row import Reading
from ops.import_file import import_file
from ops.reading import lanes_of
from tests import build
from tests.rounds import rounds

ROWS = 400
RUN = """
import sys
from pathlib import Path
from crm.db import Database
from crm.services import intake_many
from ops import import_file, logs, reading
logs.configure()
intake_many.CHUNK, reading.LONG = 20, 100
shown = lambda done, total: print(done, flush=True)
import_file.import_file(Database(sys.argv[1]), Path(sys.argv[2]), org=int(sys.argv[3]), progress=shown)
"""


@pytest.fixture
def acme(database):
    return build.company(database, rules="{}")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "leads.csv"
    rows = (f"Lu {row},138{row:08d},lu{row // 2}@tea.cn" for row in range(ROWS))
    path.write_text("\n".join(["name,phone,email", *rows, "bad,12,"]))
    return path


def begun(database, acme, file):
    """The import as a process of its own."""
    command = [sys.executable, "-c", RUN, database.url, str(file), str(acme.org_id)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def counted(database, acme):
    words = "select (select count(*) from person), count(*), sum(touches) from lead"
    with database.begin(acme.org_id) as uow:
        return tuple(uow.session.execute(text(words)).one())


def test_a_killed_import_is_finished_by_the_next_run(database, acme, file):
    with begun(database, acme, file) as process:
        assert process.stdout.readline().strip() == "20"
        process.stdout.readline()
        process.kill()
    people, _, touches = counted(database, acme)
    assert 0 < people < ROWS // 2
    report = import_file(database, file, org=acme.org_id)
    assert counted(database, acme) == (ROWS // 2, ROWS // 2, ROWS)
    assert (report.rejected, report.repeated) == (1, touches)
    assert import_file(database, file, org=acme.org_id).finished_before


KEYS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30)


@settings(max_examples=rounds(short=50, full=500))
@given(KEYS)
def test_lanes_share_no_key_and_keep_the_order_of_rows(pairs):
    reading = Reading(["name", "phone", "email"], {0: "name", 1: "phone", 2: "email"}, "CN", "file")
    cells = ([f"Lu {a}", f"1380013800{a}", f"lu{b}@tea.cn"] for a, b in pairs)
    rows = [sheet_row.read(reading, line, row) for line, row in enumerate(cells)]
    lanes = lanes_of(rows, 2)
    keys = [{key for row in lane for key in row.checked.keys} for lane in lanes]
    assert not keys[0] & keys[1]
    assert all(lane == sorted(lane, key=lambda row: row.line) for lane in lanes)
    assert sorted(row.line for lane in lanes for row in lane) == list(range(len(rows)))
