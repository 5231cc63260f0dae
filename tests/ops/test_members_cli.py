"""People by file: taken in, taken out, and who leaves, from the command line."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import Result

from crm.services import members, people, teams
from tests import build, command_line

HEAD = "姓名,邮箱,角色,部门,上级,slack\n"
FILE = (
    HEAD + "Ann Li,ann@acme.example,经理,Company / North,,\n"
    "周敏,zhou@acme.example,销售,Company / East / 苏州,Ann Li,U0ZHOU\n"
)


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database, acme):
    """Runs a command about that company."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    monkeypatch.chdir(tmp_path)
    key = command_line.key_of(database, acme)

    def run(*words: str) -> Result:
        return command_line.sluice(["members", *words, "--org", key])

    return run


def given(words: str) -> str:
    Path("people.csv").write_text(words, encoding="utf-8")
    return "people.csv"


def who(database, acme, name):
    with database.begin(acme.org_id) as uow:
        return people.one(uow, members.find(uow, name).id)


def test_without_apply_nothing_is_written_and_all_is_told(sluice, database, acme):
    told = sluice("import", given(FILE))
    assert told.exit_code == 0
    assert "New: 周敏." in told.stdout
    assert "New teams: Company / East, East / 苏州." in told.stdout
    assert "add --apply" in told.stdout
    with database.begin(acme.org_id) as uow:
        assert {team.name for team in teams.every(uow)} == {"Company", "North", "South"}


def test_departments_roles_managers_and_chats_are_taken_in(sluice, database, acme):
    assert sluice("import", given(FILE), "--apply").exit_code == 0
    made = who(database, acme, "周敏")
    assert (made.role, made.team, made.manager, made.chats) == ("rep", "苏州", "Ann Li", "slack")
    assert who(database, acme, "Ann Li").role == "manager"


def test_the_same_file_twice_changes_nothing(sluice):
    sluice("import", given(FILE), "--apply")
    told = json.loads(sluice("import", given(FILE), "--apply", "--json").stdout)
    assert (told["made"], told["changed"], told["teams"], told["same"]) == ([], {}, [], 2)


WRONG = {
    ",x@acme.example,rep,,,": "a name is needed",
    "Zoe,not an address,rep,,,": "no e-mail",
    "Yao,yao@acme.example,emperor,,,": "no role",
    "Dan 赵,dan@acme.example,rep,,Nobody Here,": "the manager Nobody Here",
    "Ada Admin,ada@acme.example,rep,,,": "the last admin",
    "Mia Manager,mia@acme.example,manager,,Ann Li,": "is below",
}


def test_rows_that_cannot_be_taken_in_are_left_out_with_their_reasons(sluice):
    told = sluice("import", given(HEAD + "\n".join([*WRONG, "Bob Chen,bob@acme.example,rep,,,", ""])), "--apply")
    assert told.exit_code == 1
    rejected = list(csv.reader(Path("people.rejected.csv").read_text(encoding="utf-8-sig").splitlines()))[1:]
    reasons = {",".join(row[:6]): row[-1] for row in rejected}
    assert {row: why for row, why in WRONG.items() if why not in reasons.get(row, "")} == {}
    assert len(reasons) == len(WRONG)


def test_what_is_taken_out_can_be_taken_in_again_and_changes_nothing(sluice):
    assert sluice("export", "out.csv").exit_code == 0
    told = json.loads(sluice("import", "out.csv", "--apply", "--json").stdout)
    assert (told["made"], told["changed"], told["rejected"], told["same"]) == ([], {}, [], 7)


def test_who_left_is_signed_off_and_is_back_by_a_word(sluice, database, acme):
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann")
    told = sluice("left", "Ann Li")
    assert "signed off" in told.stdout
    assert "clocks stand" in told.stdout
    assert not who(database, acme, "Ann Li").active
    assert sluice("left", "Ann Li").exit_code == 1
    assert sluice("back", "Ann Li").exit_code == 0
    assert who(database, acme, "Ann Li").active


def test_alone_it_lists_who_is_there(sluice):
    assert "Ann Li" in sluice().stdout
