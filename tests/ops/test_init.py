"""An organization from a file: complete, repeatable, and with mistakes pointed out by line and field."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from crm.db import Database
from crm.services import members, sources
from crm.settings import SettingsError
from crm.vault import Vault
from ops import company_file, init_company
from ops.company_file import CompanyFileError
from ops.init_company import Loaded

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "company.yaml"
VAULT = Vault("a secret key that tests know")


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The example under an organization of this test's own."""
    monkeypatch.setenv("SLUICE_SLACK_BOT_TOKEN", "xoxb-1")
    own = request.node.name.replace("_", "-")[:38]
    return EXAMPLE.read_text().replace("key: harbour", f"key: {own}").replace("T0123ABCD", f"T-{own}")


def load(database: Database, words: str) -> Loaded:
    return init_company.load(database, VAULT, company_file.parse(words))


def ask(database: Database, loaded: Loaded, query: str) -> list[Any]:
    with database.begin(loaded.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(text(query + f" and org_id = {loaded.org_id} order by 1"))]


def test_the_example_makes_a_whole_organization(database: Database, example: str) -> None:
    loaded = load(database, example)
    assert loaded.added["member"] == 5
    assert ask(database, loaded, "select key, cardinality(path) from department where true") == [
        ("company", 1), ("london", 2), ("shanghai", 2),
    ]  # fmt: skip
    assert ask(database, loaded, "select name, kind from conversation where true") == [
        ("#london-leads", "channel"), ("#pool", "channel"),
    ]  # fmt: skip
    assert ask(database, loaded, "select key from stage where funnel = 'opportunity'") == [("quote",)]


def test_loading_it_twice_changes_nothing(database: Database, example: str) -> None:
    load(database, example)
    again = load(database, example)
    assert (again.added, again.changed, again.keys) == ({}, {}, {})


def test_the_form_of_a_source_and_an_event_come_from_the_file(database: Database, example: str) -> None:
    loaded = load(database, example)
    [(fields, texts, parents)] = ask(database, loaded, "select fields, texts, parents from form where texts <> '{}'")
    assert fields == [["name", True], ["phone", True], ["company", False]]
    assert texts == {"title": "Tell us what you need", "title.zh": "说说您的需求"}
    assert parents == ["https://www.example.com"]
    [(name, place, starts)] = ask(database, loaded, "select name, place, starts_at from event where true")
    assert (name, place, f"{starts:%d %b %H:%M %Z}") == ("Open day", "London showroom", "04 May 13:00 UTC")
    assert ask(database, loaded, "select member_id is not null from event_link where true") == [(True,)]


def test_a_form_and_an_event_change_with_the_file_and_keep_their_addresses(database: Database, example: str) -> None:
    loaded = load(database, example)
    addresses = (
        ask(database, loaded, "select word from form where true"),
        ask(database, loaded, "select word from event where true"),
    )
    moved = example.replace("14:00", "15:00").replace("phone*, company", "phone*, email").replace(
        "helpers: [Owen Reid]", "helpers: [Owen Reid, 王芳]"
    )  # fmt: skip
    again = load(database, moved)
    assert (again.added, again.changed) == ({}, {"form": 1, "event": 1})
    assert addresses == (
        ask(database, loaded, "select word from form where true"),
        ask(database, loaded, "select word from event where true"),
    )
    assert load(database, moved.replace("2030-05-04", "2020-05-04")).changed == {}


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("fields: name*, phone*, company", "fields: name*, shoe size", "form of website: .*shoe size"),
        ("fields: name*, phone*, company", "fields: name*, company", "form of website: "),
        ("embed: [https://www.example.com]", "embed: ['x y']", "form of website: "),
        ("helpers: [Owen Reid]", "helpers: [Nobody]", "there is no member 'Nobody'"),
        ("by: Grace Hill", "by: Tom Baker", "event Open day: "),
    ],
)
def test_a_mistake_in_a_form_or_an_event_is_one_sentence(
    database: Database, example: str, right: str, wrong: str, told: str
) -> None:
    with pytest.raises(CompanyFileError, match=told):
        load(database, example.replace(right, wrong))


def test_a_changed_file_changes_just_that(database: Database, example: str) -> None:
    load(database, example)
    again = load(database, example.replace("name: Tom Baker, team: london", "name: Tom Baker, team: shanghai"))
    assert (again.added, again.changed) == ({}, {"member": 2})


def test_a_renamed_member_is_found_again_by_the_chat_account(database: Database, example: str) -> None:
    load(database, example)
    again = load(database, example.replace("name: Tom Baker", "name: Thomas Baker"))
    assert (again.added, again.changed) == ({}, {"member": 1})


def test_everybody_has_the_nearest_manager(database: Database, example: str) -> None:
    loaded = load(database, example)
    found = ask(
        database, loaded, "select name, (select name from member b where b.id = m.manager_id) from member m where true"
    )
    assert found == [
        ("Grace Hill", None), ("Owen Reid", None), ("Tom Baker", "Grace Hill"), ("王芳", "陈立"), ("陈立", None),
    ]  # fmt: skip


def test_zone_and_language_come_from_the_department(database: Database, example: str) -> None:
    loaded = load(database, example)
    with database.begin(loaded.org_id) as uow:
        wang = members.find(uow, "王芳")
    assert (wang.timezone.key, wang.locale) == ("Asia/Shanghai", "zh")


def test_intake_keys_are_shown_once_and_open_the_door(database: Database, example: str) -> None:
    loaded = load(database, example)
    with database.begin(loaded.org_id) as uow:
        valid = sources.valid_keys(uow, VAULT, sources.find(uow, "website"))
    assert valid == [loaded.keys["website"]]


def test_pools_without_teams_are_the_whole_companys(database: Database, example: str) -> None:
    loaded = load(database, example)
    found = ask(
        database, loaded,
        "select (select key from pool where id = pool_id), (select key from department where id = department_id)"
        " from pool_scope where true",
    )  # fmt: skip
    assert found == [("open", "company"), ("shanghai", "shanghai")]


def test_a_changed_rule_set_becomes_a_new_version_in_force(database: Database, example: str) -> None:
    load(database, example)
    loaded = load(database, example.replace("per_day: 30", "per_day: 7"))
    assert ask(database, loaded, "select version from rule_set where true") == [(1,), (2,)]
    with database.begin(loaded.org_id) as uow:
        assert uow.rules.claim.per_day == 7


def test_clocks_follow_when_working_hours_change(database: Database, example: str) -> None:
    def refreshed() -> int:
        query = "select count(*) from procrastinate_jobs where task_name = 'refresh_deadlines' and args->>'org_id' = :o"
        with database.begin(loaded.org_id) as uow:
            return int(uow.session.scalar(text(query), {"o": str(loaded.org_id)}) or 0)

    loaded = load(database, example)
    before = refreshed()
    load(database, example)
    assert refreshed() == before
    load(database, example.replace('closes: "17:30"', 'closes: "20:15"'))
    assert refreshed() == before + 1


def test_the_digest_comes_at_the_teams_own_hour(database: Database, time: Any, example: str) -> None:
    loaded = load(database, example)
    assert [
        row[0].isoformat() for row in ask(database, loaded, "select next_at from digest_subscription where true")
    ] == ["2026-03-04T17:00:00+00:00"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "team: london, email: tom",
            "team: leeds, email: tom",
            "line 46, members.2.team: there is no department 'leeds'.",
        ),
        ("Europe/London", "Europe/Londn", "line 6, organization.timezone: there is no time zone 'Europe/Londn'."),
        ("admin: Grace Hill", "admin: Grace Hall", "line 51, pools.0.admin: there is no member 'Grace Hall'."),
        (
            "name: Grace Hill, role: manager",
            "name: Grace Hill, roll: manager",
            "line 45, members.1.roll: there is no such",
        ),
        (
            "parent: company\n    manager: Grace",
            "parent: paris\n    manager: Grace",
            "there is no department above it 'paris'",
        ),
        ("key: fair,", "key: website,", "sources.1.key: 'website' is there twice."),
        (
            "platform: slack, id: C0123POOL",
            "platform: wecom, id: C0123POOL",
            "groups.1.platform: workspaces has no wecom.",
        ),
        ("per_day: 30", "per_day: many", "line 77, rules: rules: line 2, claim.per_day:"),
        ("  name: Harbour Trading\n  timezone", "  timezone", "organization.name: is missing."),
        ("key: harbour", "key: [", "is not readable: line"),
    ],
)
def test_a_mistake_is_one_sentence_with_line_and_field(old: str, new: str, sentence: str) -> None:
    with pytest.raises(CompanyFileError) as caught:
        company_file.parse(EXAMPLE.read_text().replace(old, new, 1))
    assert sentence in str(caught.value)


def test_a_mistake_leaves_nothing_behind(database: Database, example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLUICE_SLACK_BOT_TOKEN")
    with pytest.raises(CompanyFileError, match="takes a secret from SLUICE_SLACK_BOT_TOKEN, which is not set"):
        load(database, example)
    with database.begin() as uow:
        wanted = text("select count(*) from organization where key like 'test-a-mistake-leaves%'")
        assert uow.session.scalar(wanted) == 0


def test_an_installation_of_another_organization_is_refused(database: Database, example: str) -> None:
    load(database, example)
    with pytest.raises(CompanyFileError, match="belongs to another organization"):
        load(database, example.replace("key: test-an", "key: other-an"))


def test_the_rules_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    head, _ = EXAMPLE.read_text().split("rules: |")
    (tmp_path / "company.yaml").write_text(head + "rules: rules.yaml\n")
    (tmp_path / "rules.yaml").write_text("claim: {per_day: 5}\n")
    assert company_file.read(tmp_path / "company.yaml").rules == "claim: {per_day: 5}\n"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompanyFileError, match=r"nowhere.yaml cannot be read: No such file"):
        company_file.read(tmp_path / "nowhere.yaml")


def test_zone_and_language_are_the_settings_where_the_file_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_TIMEZONE", "Europe/Berlin")
    monkeypatch.setenv("SLUICE_LOCALE", "zh")
    organization = company_file.parse("organization: {key: a, name: A}").organization
    assert (organization.timezone, organization.locale) == ("Europe/Berlin", "zh")
    monkeypatch.setenv("SLUICE_TIMEZONE", "Mars/Base")
    with pytest.raises(SettingsError, match="SLUICE_TIMEZONE is wrong"):
        company_file.parse("organization: {key: a, name: A}")


def robots_of(database: Database, loaded: Loaded) -> dict[str, str]:
    """The robots' keys that are sealed with the WeCom installation, by the name of their group."""
    sealed = ask(database, loaded, "select secrets from workspace where platform = 'slack'")[0][0]
    names = ask(database, loaded, "select external_id, name from conversation where kind = 'robot'")
    return {name: VAULT.open_all(sealed)[f"robot:{external_id}"] for external_id, name in names}


def test_a_robots_key_is_sealed_and_survives_the_next_load(database: Database, example: str) -> None:
    robot = "- {platform: slack, id: robot-key-of-the-team, name: Team robot, kind: robot, team: london}\n  "
    words = example.replace("- { platform: slack, id: C0123POOL", robot + "- { platform: slack, id: C0123POOL")
    load(database, words)
    again = load(database, words)
    assert (again.added, again.changed) == ({}, {})
    assert robots_of(database, again) == {"Team robot": "robot-key-of-the-team"}
