"""`sluice rewind`: the runs of the last day, and one of them taken back in somebody's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import Result

from crm.db import Database
from crm.rules.wanted import Wanted
from crm.services import bulk, members
from tests import build, command_line


@pytest.fixture
def acme(database: Database) -> build.Company:
    return build.company(database)


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database: Database, acme: build.Company):
    """Runs `sluice rewind ...` for a company."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    key = command_line.key_of(database, acme)

    def run(*words: str) -> Result:
        return command_line.sluice(["rewind", *words, "--org", key])

    return run


def test_a_bulk_change_is_listed_and_taken_back_in_the_name_of_an_admin(sluice, database, acme):
    assert sluice().stdout == "There was none.\n"
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann")
        mia, bob = (members.get(uow, acme.member[name]) for name in ("mia", "bob"))
        run = bulk.plan(uow, actor=mia, deed="reassign", wanted=Wanted(), to=bob)
        bulk.do(uow, actor=mia, run_id=run, to=bob)
    [listed] = json.loads(sluice("--json").stdout)
    assert (listed["id"], listed["kind"], listed["moved"], listed["rewound_at"]) == (run, "reassign", 1, None)
    assert "is being taken back" in sluice(f"R-{run}", "--by", "Ada").stdout
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, lead).owner_id == acme.member["ann"]
    assert "taken back 20" in sluice().stdout


def test_it_says_what_is_missing_or_not_there(sluice, database, acme):
    assert (sluice("R-1").exit_code, sluice("R-1", "--by", "Ada").exit_code) == (2, 1)
    assert "no run R-x" in sluice("R-x", "--by", "Ada").stderr
    assert sluice("R-1", "--by", "Ann").exit_code == 1


def test_of_two_managers_neither_takes_back_what_the_other_did(sluice, database, acme):
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann")
        mia = members.get(uow, acme.member["mia"])
        run = bulk.plan(uow, actor=mia, deed="close", wanted=Wanted(), reason="x")
        bulk.do(uow, actor=mia, run_id=run)
        uow.session.execute(
            text("update member set role = 'manager' where org_id = :o and id = :m"),
            {"o": acme.org_id, "m": acme.member["cyd"]},
        )
    assert "no run" in sluice(str(run), "--by", "Cyd").stderr
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, lead).status == "lost"
