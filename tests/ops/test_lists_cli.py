"""`sluice lists`: shown, changed, taken back, and carried from file to file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import Result

from crm.db import Database
from tests import build, command_line

FILE = """
lists:
  products: [Gizmo, {name: Gadget, aliases: [gadget 2]}]
fields: [{name: Seats, type: number, required_at: Quote}]
"""


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database: Database):
    """Runs `sluice lists ...` for a company with one lead."""
    acme = build.company(database)
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    key = command_line.key_of(database, acme)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, product="gadget 2")
    (tmp_path / "lists.yaml").write_text(FILE, encoding="utf-8")

    def run(*words: str) -> Result:
        return command_line.sluice(["lists", *words, "--org", key])

    return run


def test_a_file_is_taken_in_once_and_comes_out_as_a_table(sluice, tmp_path):
    yaml, table = str(tmp_path / "lists.yaml"), tmp_path / "lists.csv"
    assert json.loads(sluice("import", yaml, "--json").stdout) == {"added": 3, "changed": 0, "leads": 1}
    assert "Added 0, changed 0" in sluice("import", yaml).stdout
    assert sluice("export", str(table)).exit_code == 0
    assert "products,,Gadget" in table.read_text(encoding="utf-8-sig")
    assert "Added 0, changed 0" in sluice("import", str(table)).stdout


def test_what_was_merged_is_taken_back_by_its_number(sluice, tmp_path):
    sluice("import", str(tmp_path / "lists.yaml"))
    merged = sluice("merge", "products", "Gadget", "Gizmo").stdout
    assert "leads written anew: 1" in merged
    assert "Gadget = gadget 2 (retired)" not in sluice("show", "products").stdout
    assert sluice("undo", merged.split("change ")[1].split(")")[0]).exit_code == 0
    assert "  Gadget = gadget 2" in sluice("show", "products").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "colours"), "There is no list “colours”"),
        (("add", "stages", "Demo"), "Say what the stage counts as"),
        (("retire", "products", "Nothing"), "products has no “Nothing”"),
    ],
)
def test_a_refusal_is_one_sentence(sluice, words, told):
    done = sluice(*words)
    assert (done.exit_code, told in done.stderr) == (1, True)
