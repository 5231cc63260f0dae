"""`sluice import`: shown first, columns said once and remembered, taken back, and what a switch-over tells."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import Result

from crm.db import Database
from tests import build, command_line

ODD = "who,how to call,shoe size\nLu Wei,13800138000,38\nWu,12,40\n"
PIPELINE = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
1C1I7A6R,Ann Li,GTX Plus Basic,Cancity,Won,10/20/2016,3/1/2017,1054
Z063OYW0,Somebody Else,GTXPro,Isdom,Engaging,10/25/2016,,
EC4QE1BX,Ann Li,MG Special,Cancity,Prospecting,,,
"""
MAPPING = Path(__file__).parents[2] / "docs/examples/import/crm-sales-opportunities.yaml"


@pytest.fixture
def acme(database: Database, time) -> build.Company:
    return build.company(database, rules="claim: {capacity: {default: 0}}")


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database: Database, acme):
    """Runs a command for that organization."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    key = command_line.key_of(database, acme)

    def run(*words: str) -> Result:
        return command_line.sluice([*words, "--org", key])

    return run


@pytest.fixture
def file(tmp_path: Path):
    def write(content: str, name: str = "leads.csv") -> str:
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    return write


def leads(
    database: Database, acme: build.Company, columns: str = "status, stage, owner_id"
) -> list[tuple[object, ...]]:
    with database.begin(acme.org_id) as uow:
        found = uow.session.execute(text(f"select {columns} from lead order by number"))
        return [tuple(row) for row in found]


def test_a_preview_says_what_columns_are_taken_for_and_writes_nothing(sluice, file, database, acme):
    told = sluice("import", file(ODD), "--preview", "--map", "how to call=phone", "--json")
    found = json.loads(told.stdout)
    assert told.exit_code == 0
    assert [(one["heading"], one["field"], one["example"]) for one in found["columns"]] == [
        ("who", "", "Lu Wei"), ("how to call", "phone", "13800138000"), ("shoe size", "", "38"),
    ]  # fmt: skip
    assert (found["usable"], found["rejected"]) == (1, 1)
    assert found["problems"] == ["line 3: phone: This is not a valid phone number."]
    assert leads(database, acme) == []


def test_a_preview_is_a_table_for_people(sluice, file):
    told = sluice("import", file(ODD), "--preview", "--map", "how to call=phone")
    assert "kept beside the lead" in told.stdout
    assert "line 3: phone" in told.stdout


def test_what_was_said_of_columns_is_remembered(sluice, file, database, acme):
    saying = ("--map", "how to call=phone", "--map", "who=name", "--save-mapping", "fair")
    assert sluice("import", file(ODD), *saying).exit_code == 1
    later = file("SHOE SIZE,Who,how to call\n38,Xu,13700137000\n".replace("SHOE SIZE,Who", "shoe size,who"), "next.csv")
    told = sluice("import", later, "--json")
    assert json.loads(told.stdout)["mapping"] == "fair"
    assert leads(database, acme, "custom") == [({"shoe size": "38"},), ({"shoe size": "38"},)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--map", "how to call"), "--map takes a column and a field"),
        (("--map", "colour=phone"), "There is no column colour. There are: how to call, shoe size, who."),
        (("--map", "who=hat"), "There is no field hat."),
        (("--mapping", "nothing"), "There is no mapping called nothing."),
        (("--strangers", "keep"), "--strangers is reject or pool."),
        (("--undo",), "No file called leads.csv was taken in within the last 24 hours."),
        ((), "No column is called phone"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(sluice, file, words, sentence):
    told = sluice("import", file(ODD), *words)
    assert told.exit_code == 2
    assert sentence in " ".join(told.stderr.split())


def test_a_mapping_that_is_none_is_refused(sluice, file):
    told = sluice("import", file(ODD), "--mapping", file("just words", "odd.yaml"))
    assert "is no mapping" in " ".join(told.stderr.split())


def test_a_pipeline_of_another_crm_comes_in_by_the_example(sluice, file, database, acme):
    path = file(PIPELINE, "sales_pipeline.csv")
    told = sluice("import", path, "--switch-over", "--mapping", str(MAPPING), "--strangers", "pool", "--json")
    found = json.loads(told.stdout)
    ann = acme.member["ann"]
    assert found["created"] == 3
    assert leads(database, acme) == [("won", "won", ann), ("open", "contacted", None), ("open", "new", ann)]
    assert found["strangers"] == {"Somebody Else": 1}
    assert found["over_capacity"] == [{"name": "Ann Li", "holding": 1, "cap": 0}]
    shadow = json.loads(sluice("shadow", "--json").stdout)
    assert shadow["watching"]


def test_who_is_above_the_cap_and_what_comes_next_is_told_to_people(sluice, file):
    path = file(PIPELINE, "sales_pipeline.csv")
    told = sluice("import", path, "--switch-over", "--mapping", str(MAPPING), "--strangers", "pool")
    assert "leads lie in the pool: Somebody Else (1)." in told.stdout
    assert "Ann Li holds 1 leads, 1 more than allowed." in told.stdout
    assert "sluice shadow --live" in told.stdout


def test_an_import_is_taken_back(sluice, file, database, acme):
    path = file("name,phone\nLu,13800138000\n")
    sluice("import", path)
    assert json.loads(sluice("import", path, "--undo", "--json").stdout)["back"] == 1
    assert leads(database, acme, "status") == [("void",)]
    assert sluice("import", path).exit_code == 0
    assert leads(database, acme, "status") == [("void",), ("open",)]


def test_the_engine_watches_no_longer_than_the_import_that_began_it(sluice, file):
    path = file(PIPELINE, "sales_pipeline.csv")
    words = ("import", path, "--switch-over", "--mapping", str(MAPPING), "--strangers", "pool")
    sluice(*words)
    assert "that has ended too" in sluice("import", path, "--undo").stdout
    assert not json.loads(sluice("shadow", "--json").stdout)["watching"]
    sluice(*words)
    sluice("shadow", "--begin")
    assert "sluice shadow --live" in sluice("import", path, "--undo").stdout
    assert json.loads(sluice("shadow", "--json").stdout)["watching"]


def test_the_engine_watches_and_goes_live_from_the_command_line(sluice, tmp_path):
    listed = tmp_path / "due.csv"
    assert "only watches" in sluice("shadow", "--begin", "--list", str(listed)).stdout
    assert listed.read_text("utf-8-sig") == "lead,owner,rule,goes at (UTC)\n"
    assert "takes leads back" in sluice("shadow", "--live").stdout
