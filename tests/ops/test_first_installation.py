"""An installation by hand, command by command, as the documentation tells it; and what goes wrong on the way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from typer.testing import Result

from crm.db import Database
from ops.release import release
from tests import build, command_line

EXAMPLE = Path(__file__).parents[2] / "docs/examples/company.yaml"
RULES = (
    "claim:\n  per_day: 7\n  capacity: {default: 9}\nrecycle:\n  - {name: quiet, no_follow_up: 5d, teams: [london]}\n"
)

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def url(engines, worker_id) -> Iterator[str]:
    made = engines.create_database(f"installation_{worker_id}")
    yield made
    engines.drop_database(f"installation_{worker_id}")


@pytest.fixture
def empty(engines, worker_id) -> Iterator[str]:
    """A database in which nothing was ever done; the other one has what the tests before have left there."""
    yield engines.create_database(f"empty_{worker_id}")
    engines.drop_database(f"empty_{worker_id}")


@pytest.fixture
def sluice(monkeypatch, tmp_path, url, redis_url) -> Iterator[Run]:
    """Runs a command in an environment of its own."""
    for name, value in {
        "DATA_DIR": str(tmp_path), "DATABASE_URL": url, "REDIS_URL": redis_url, "SECRET_KEY": build.SECRET,
        "SLACK_BOT_TOKEN": "xoxb-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SLUICE_{name}", value)

    def run(*words: str, **environment: str) -> Result:
        return command_line.sluice(words, env={f"SLUICE_{name}": value for name, value in environment.items()})

    yield run
    structlog.reset_defaults()  # its log went to a terminal that is closed by now


@pytest.fixture
def company(sluice) -> Run:
    """The example company, set up."""
    assert sluice("migrate").exit_code == 0
    assert sluice("init", str(EXAMPLE)).exit_code == 0
    return sluice


def said(run: Run, *words: str, **environment: str) -> str:
    """What a command that goes well prints."""
    result = run(*words, **environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(run: Run, code: int, *words: str, **environment: str) -> str:
    """The one sentence of a command that does not."""
    result = run(*words, **environment)
    assert result.exit_code == code, result.output
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output
    return result.stderr.strip()


def test_before_the_schema_is_there_every_command_says_so(sluice, empty):
    for words in (("members",), ("doctor",), ("dead",), ("clock", "show"), ("init", str(EXAMPLE)), ("rules", "show")):
        result = sluice(*words, DATABASE_URL=empty)
        assert result.exit_code in {1, 2}
        assert "sluice migrate" in result.output
        assert "Traceback" not in result.output


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_no_process_starts_on_a_database_without_our_schema(sluice, empty, process):
    needed = release().partition("/")[2]
    told = f"The database has no schema, and this version needs {needed}: run sluice migrate."
    assert refused(sluice, 2, process, DATABASE_URL=empty) == told


def test_without_an_organization_the_way_to_one_is_said(sluice, own_url):
    assert "sluice init company.yaml" in refused(sluice, 2, "members", DATABASE_URL=own_url)


def test_the_example_is_set_up_once_however_often_it_is_loaded(company):
    assert said(company, "init", str(EXAMPLE)) == "Added: nothing.\n"
    people = json.loads(said(company, "members", "--json"))
    assert {person["name"]: person["role"] for person in people}["陈立"] == "manager"
    assert "Tom Baker" in said(company, "members")


def test_the_doctor_says_what_is_left_to_do(company):
    result = company("doctor", "--json")
    left = {check["check"] for check in json.loads(result.stdout) if not check["ok"]}
    assert result.exit_code == 1
    assert "A worker is alive" in left
    assert "The schema is this version's" not in left
    assert "✗ A worker is alive: start sluice worker" in company("doctor").stdout


def test_a_file_of_leads_is_taken_in_and_a_bad_row_is_kept_with_its_reason(company, tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text("name,phone\nAnn,+4420 7946 0001\nBad,12\n", encoding="utf-8")
    result = company("import", str(file), "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout.splitlines()[-1])
    assert (report["created"], report["rejected"]) == (1, 1)
    assert "12" in Path(report["rejected_file"]).read_text(encoding="utf-8-sig")
    again = json.loads(company("import", str(file), "--json").stdout.splitlines()[-1])
    assert (again["created"], again["finished_before"]) == (1, True)
    assert "nothing was done. Then: 1 new" in company("import", str(file)).stdout


def test_rules_are_checked_compared_put_in_force_and_taken_back(company, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace(", teams: [london]", ""), encoding="utf-8")
    assert said(company, "rules", "check", str(file)) == "The rule set is fine.\n"
    assert "per_day" in said(company, "rules", "diff", str(file))
    before = json.loads(said(company, "rules", "history", "--json"))[0]["version"]
    assert said(company, "rules", "apply", str(file)) == f"Version {before + 1} is in force.\n"
    assert said(company, "rules", "diff", str(file)) == "Nothing would change.\n"
    assert "no_follow_up: 5d" in said(company, "rules", "show")
    answer = said(company, "rules", "rollback", str(before))
    assert answer == f"Version {before} is in force again, as version {before + 2}.\n"
    versions = [entry["version"] for entry in json.loads(said(company, "rules", "history", "--json"))]
    assert versions[:3] == [before + 2, before + 1, before]


def test_rules_are_shown_as_they_were_written(company, tmp_path):
    file = tmp_path / "rules.yaml"
    written = "# [bold]keep[/bold] this\nclaim: {per_day: 3}\ndispatch:\n  - {name: x, to: {departments: [london]}}\n"
    file.write_text(written, encoding="utf-8")
    said(company, "rules", "apply", str(file))
    assert said(company, "rules", "show").strip() == written.strip()


@pytest.mark.parametrize("words", ["check", "apply"])
def test_rules_with_a_mistake_are_refused_with_its_line(company, tmp_path, words):
    file = tmp_path / "rules.yaml"
    file.write_text("claim: {per_dy: 3}\n", encoding="utf-8")
    assert "per_dy" in refused(company, 1, "rules", words, str(file))


@pytest.mark.parametrize("words", [("rules", "check"), ("init",), ("import",)])
def test_a_file_that_is_not_there_is_named(company, words):
    assert "nowhere.yaml" in refused(company, 2, *words, "nowhere.yaml")


@pytest.mark.parametrize("words", [("rules", "check"), ("init",)])
def test_a_file_that_is_no_text_is_named(company, tmp_path, words):
    file = tmp_path / "picture.yaml"
    file.write_bytes(b"\x89PNG\xff\xfe\x00")
    assert "picture.yaml" in refused(company, 2, *words, str(file))


def test_the_digest_of_a_team_can_be_sent_now(company):
    assert said(company, "digest", "--team", "london", "--now") == "Owed to 1 groups.\n"


def test_what_could_not_be_sent_is_listed_and_sent_again(company, url):
    database = Database(url, pool_size=1)
    with database.begin() as uow:
        uow.enter(uow.session.scalar(text("select id from organization")))
        uow.session.execute(
            text(
                "insert into message (org_id, topic, key, card, state, attempt, cause, created_at, due_at)"
                " values (:o, 'tour', 'k', '{}', 'dead', 3, 'slack channel_not_found', now(), now())"
            ),
            {"o": uow.org_id},
        )
    database.close()
    [dead] = json.loads(said(company, "dead", "--json"))
    assert dead["cause"] == "slack channel_not_found"
    assert f"{dead['number']}  tour" in said(company, "dead")
    assert said(company, "dead", "--retry", str(dead["number"])) == "1 will be tried again.\n"
    assert said(company, "dead") == "None.\n"
    assert (
        refused(company, 1, "dead", "--retry", str(dead["number"]))
        == f"There is nothing dead with the number {dead['number']}. Type dead to see what there is."
    )


def test_the_clock_is_shown_set_moved_and_reset(company):
    on = {"PLAYGROUND": "1"}
    try:
        said(company, "clock", "shift", "+1d2h", **on)
        assert json.loads(said(company, "clock", "show", "--json"))["offset_seconds"] == 26 * 3600
        said(company, "clock", "shift", "--", "-30m", **on)
        assert json.loads(said(company, "clock", "show", "--json"))["offset_seconds"] == 26 * 3600 - 1800
        said(company, "clock", "set", "2030-01-01T09:00:00+08:00", **on)
        assert said(company, "clock", "show").startswith("2030-01-01 01:0")
    finally:
        said(company, "clock", "reset", **on)
    assert json.loads(said(company, "clock", "show", "--json"))["offset_seconds"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "70000"), ("POOL_SIZE", "1"), ("PLAYGROUND", "perhaps"), ("STATEMENT_TIMEOUT_MS", "5")],
)
def test_a_wrong_setting_is_one_sentence_that_names_it(sluice, name, value):
    assert refused(sluice, 2, "members", **{name: value}).startswith(f"SLUICE_{name} is wrong:")


@pytest.mark.parametrize("words", ["serve", "worker", "clock reset", "clock show", "doctor", "demo", "rules show"])
def test_every_command_says_which_setting_is_wrong(sluice, words):
    assert refused(sluice, 2, *words.split(), PORT="http").startswith("SLUICE_PORT is wrong:")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("DATABASE_URL", ("members",)),
        ("DATABASE_URL", ("serve",)),
        ("REDIS_URL", ("serve",)),
        ("REDIS_URL", ("worker",)),
        ("SECRET_KEY", ("serve",)),
        ("SECRET_KEY", ("init", str(EXAMPLE))),
    ],
)
def test_a_missing_setting_is_one_sentence_that_names_it(sluice, missing, words):
    assert f"SLUICE_{missing} is missing" in refused(sluice, 2, *words, **{missing: ""})


def test_a_database_that_is_away_is_one_sentence(sluice):
    away = {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:9/none"}
    assert "cannot be reached" in refused(sluice, 2, "members", **away)
    assert "cannot be reached" in refused(sluice, 2, "migrate", **away)


def test_an_address_that_is_none_is_one_sentence(sluice):
    assert "SLUICE_DATABASE_URL" in refused(sluice, 2, "members", DATABASE_URL="not an address")
