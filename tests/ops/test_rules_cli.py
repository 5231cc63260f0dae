"""The rule set from the command line: checked, compared, rehearsed, applied, taken back; for people and for scripts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import Result

from crm.db import Database
from crm.services import clocks
from tests import build, command_line

LONG, SHORT = (f"recycle: [{{name: calls, no_follow_up: {days}d}}]\n" for days in (60, 2))


@pytest.fixture
def acme(database: Database) -> build.Company:
    return build.company(database, rules=LONG)


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database: Database, acme: build.Company):
    """Runs `sluice rules ...` for the company; the second argument is what the file says."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    key = command_line.key_of(database, acme)

    def run(*words: str, written: str | None = None) -> Result:
        file = tmp_path / "rules.yaml"
        file.write_text(written or "", encoding="utf-8")
        given = [str(file)] if written is not None else []
        return command_line.sluice(["rules", *words, *given, "--org", key])

    return run


@pytest.fixture
def old_lead(database: Database, acme: build.Company) -> str:
    """A lead that Ann has left alone for four days; its reference."""
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, owner="ann", assigned_at=uow.now - timedelta(days=4))
        clocks.restart(uow, [lead])
        return f"L-{build.read(uow, lead).number}"


def test_a_rehearsal_names_who_would_lose_which_leads(sluice, old_lead):
    told = sluice("rehearse", written=SHORT)
    assert told.exit_code == 0
    assert "recycle.calls.no_follow_up" in told.stdout
    assert "60d → 2d" in told.stdout
    assert "Ann Li" in told.stdout
    assert f"They would go: {old_lead}" in told.stdout


def test_a_script_reads_the_rehearsal_as_json(sluice, old_lead):
    found = json.loads(sluice("rehearse", "--json", written=SHORT).stdout)
    assert found["clocks"]["now"] == [0, 1]
    assert [line["ref"] for line in found["clocks"]["losing"]] == [old_lead]
    assert set(found) == {"changes", "clocks", "turns", "over"}


def test_without_a_file_the_rules_in_force_are_rehearsed(sluice, old_lead):
    assert json.loads(sluice("rehearse", "--json").stdout)["changes"]["many"] == 0


def test_a_rehearsal_puts_nothing_in_force(sluice):
    sluice("rehearse", written=SHORT)
    assert sluice("show").stdout == LONG + "\n"


@pytest.mark.parametrize("verb", ["check", "rehearse", "apply", "diff"])
def test_a_mistake_is_one_sentence_with_line_and_field(sluice, verb):
    told = sluice(verb, written="claim:\n  per_dya: 3\n")
    assert told.exit_code == 1
    assert "line 2, claim.per_dya: there is no such field" in told.stderr


def test_what_a_file_would_change_is_told_by_line_or_by_field(sluice):
    assert "+recycle: [{name: calls, no_follow_up: 2d}]" in sluice("diff", written=SHORT).stdout
    assert json.loads(sluice("diff", "--json", written=SHORT).stdout) == [
        {"path": "recycle.calls.no_follow_up", "before": "60d", "after": "2d", "whole": False}
    ]


def test_versions_are_applied_listed_and_brought_back(sluice):
    assert sluice("apply", written=SHORT).stdout == "Version 2 is in force.\n"
    assert sluice("rollback", "1").stdout == "Version 1 is in force again, as version 3.\n"
    assert [row["version"] for row in json.loads(sluice("history", "--json").stdout)] == [3, 2, 1]
    assert sluice("show").stdout == LONG + "\n"


def test_the_rules_with_all_defaults_are_shown_to_scripts(sluice):
    shown = json.loads(sluice("show", "--json").stdout)
    assert (shown["claim"]["per_day"], shown["recycle"][0]["no_follow_up"]) == (30, "60d")


def test_the_schema_is_printed_for_editors():
    told = command_line.sluice(["rules", "schema"])
    assert Draft202012Validator(json.loads(told.stdout)).is_valid({"claim": {"per_day": 3}})
