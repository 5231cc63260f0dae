"""The command line beside a database: what it refuses, in one sentence and with an exit code."""

from pathlib import Path

import pytest
from typer.testing import Result

from crm.db import Database
from crm.settings import Settings
from ops import cli_frame
from ops.sockets import ADDRESS_OF_DEMO, Sockets
from tests import build, command_line


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str):
    """Runs a command in an environment of its own."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)

    def run(*words: str, **environment: str) -> Result:
        return command_line.sluice(words, env=environment)

    return run


@pytest.fixture
def org(database: Database, time) -> str:
    """The key of an organization."""
    return command_line.key_of(database, build.company(database))


def test_a_digest_of_a_team_is_told_in_a_line(sluice, org):
    told = sluice("digest", "--team", "north", "--org", org)
    assert told.exit_code == 0
    assert told.stdout == "North: 0 entered, 0 contacted, 0 won, 0 lost.\n"


def test_a_team_that_is_not_there_is_refused_with_those_that_are(sluice, org):
    told = sluice("digest", "--team", "nope", "--org", org)
    assert told.exit_code == 2
    assert told.stderr == "There is no team nope. There are: company (Company), north (North), south (South)\n"


def test_the_clock_stands_still_outside_a_playground(sluice):
    told = sluice("clock", "reset")
    assert (told.exit_code, told.stderr) == (1, "The clock moves only where SLUICE_PLAYGROUND is on.\n")


@pytest.mark.parametrize("words", [("set", "soon"), ("shift", "+soon"), ("set", "9999-99-99")])
def test_a_clock_that_cannot_be_read_stays(sluice, words):
    told = sluice("clock", *words, SLUICE_PLAYGROUND="1")
    assert told.exit_code == 2
    assert told.stderr.startswith("Give a moment such as 2026-03-01T09:00:00+08:00")


def test_a_demo_for_the_whole_network_needs_a_password(sluice):
    told = sluice("demo", SLUICE_HOST="0.0.0.0")
    assert told.exit_code == 2
    assert told.stderr.startswith("SLUICE_PLAYGROUND_PASSWORD is missing")


def test_a_missing_database_is_named(sluice):
    told = sluice("members", SLUICE_DATABASE_URL="")
    assert told.exit_code == 2
    assert told.stderr.startswith("SLUICE_DATABASE_URL is missing, and no demo is running in the data folder /")
    assert "SLUICE_DATA_DIR names another" in told.stderr


def test_beside_a_demo_addresses_are_those_of_the_demo(tmp_path, monkeypatch):
    settings = Settings(data_dir=tmp_path, database_url="", base_url="")
    assert cli_frame.public_url(settings) == "http://127.0.0.1:8000"
    monkeypatch.setattr(cli_frame, "running", lambda _folder: Sockets(tmp_path, tmp_path))
    (tmp_path / ADDRESS_OF_DEMO).write_text("http://127.0.0.1:8311\n", encoding="utf-8")
    assert cli_frame.public_url(settings) == "http://127.0.0.1:8311"
