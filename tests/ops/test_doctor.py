"""`sluice doctor`: each likely mistake has a line, and the line a cure that is true."""

import re
import shutil
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import make_url, text

from crm.db import Database
from crm.settings import Settings
from ops import doctor, doctor_machine
from ops.release import release, signed
from tests import build
from tests.doubles.slack import APP_TOKEN, SlackDouble
from tests.doubles.slack_socket import SocketDouble

UNKNOWN = "with gone as (delete from chat_identity) update member set email = null"
DEAD = (
    "insert into message (org_id, topic, key, card, state, attempt, created_at, due_at)"
    " select id, 'tour', 'k', '{}', 'dead', 1, now(), now() from organization"
)
FAILED = "insert into procrastinate_jobs (queue_name, task_name, status) values ('quick', 'deliver', 'failed')"
OLD_BACKUP = (
    "insert into audit (org_id, at, verb, subject, data, via)"
    " select id, now() - interval '8 days', 'backup.made', '', '{}', 'cli' from organization"
)


@pytest.fixture
def url(engines, worker_id, request):
    """A database of the doctor's own: it looks at every organization there is. Empty unless its schema is asked for."""
    filled = {"company", "migrated_schema"} & set(request.fixturenames)
    template = request.getfixturevalue("migrated_schema") if filled else "template1"
    yield engines.create_database(f"doctor_{worker_id}", template=template)
    engines.drop_database(f"doctor_{worker_id}")


@pytest.fixture
def slack():
    server = SlackDouble()
    yield server
    server.stop()


@pytest.fixture
def settings(url, redis_url, tmp_path, slack):
    return Settings(
        database_url=url, redis_url=redis_url, secret_key=SecretStr(build.SECRET), data_dir=tmp_path,
        slack_api_url=slack.api_url,
    )  # fmt: skip


@pytest.fixture
def company(url, slack):
    """A company in a database of its own, and that database."""
    database = Database(url, pool_size=2)
    acme = build.company(database)
    slack.tokens[f"xoxb-{acme.org_id}"] = "T1"
    yield acme, database
    database.close()


def wrong(settings) -> dict[str, str]:
    """What is not well, with its cure."""
    return {finding.name.split(" (")[0]: finding.cure for finding in doctor.examine(settings) if not finding.ok}


def test_an_empty_database_needs_migrating(settings):
    assert wrong(settings) == {"The schema is this version's": "run sluice migrate."}


def test_a_fresh_installation_lacks_an_organization_and_a_worker(settings, migrated_schema):
    assert set(wrong(settings)) == {"There is an organization", "A worker is alive"}


def test_a_company_without_groups_is_told_how_to_bind_one(settings, company):
    assert set(wrong(settings)) == {"A worker is alive", "Every team has a group"}


def test_a_database_that_is_away_is_the_only_thing_said(settings):
    away = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody@127.0.0.1:9/none"})
    [finding] = [finding for finding in doctor.examine(away) if not finding.ok]
    assert finding.name == "The database answers"
    assert "9" in finding.cure


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"secret_key": SecretStr("short")}, "The secret key is set"),
        ({"wecom_corp_id": "ww1"}, "Chat platforms can reach this server"),
        ({"wecom_corp_id": "ww1", "base_url": "http://127.0.0.1:9"}, "Chat platforms can reach this server"),
        ({"wecom_corp_id": "ww1", "base_url": "https://127.0.0.1:9"}, "Chat platforms can reach this server"),
        ({"wecom_corp_id": "ww1", "base_url": "https://127.0.0.1:9"}, "The public address leads to this server"),
        ({"playground": True, "base_url": "https://crm.example.com"}, "The playground is not public"),
        ({"redis_url": ""}, "Redis answers"),
        ({"redis_url": "redis://127.0.0.1:9/0"}, "Redis answers"),
    ],
)
def test_each_wrong_setting_has_its_line(settings, changed, name):
    found = wrong(settings.model_copy(update=changed))
    assert name in found
    assert "SLUICE_" in found[name]


def test_a_misspelt_setting_is_named_with_the_one_that_is_meant(settings, monkeypatch):
    monkeypatch.setenv("SLUICE_SECERT_KEY", build.SECRET)
    assert "SLUICE_SECRET_KEY" in wrong(settings)["Settings are spelt as they should be"]


def test_the_key_of_a_demo_that_once_ran_in_the_folder_is_none_for_another_database(settings):
    (settings.data_dir / "secret.key").write_text(build.SECRET)
    assert "The secret key is set" in wrong(settings.model_copy(update={"secret_key": SecretStr("")}))


def test_whoever_else_answers_at_the_address_is_not_taken_for_us(settings, slack):
    asked = settings.model_copy(update={"wecom_corp_id": "ww1", "base_url": slack.url})
    assert "answers 200, and not as Sluice does" in wrong(asked)["The public address leads to this server"]


def test_slack_that_grants_less_than_the_manifest_asks_for_is_said_by_name(settings, company, slack):
    name = "Slack grants all that is needed"
    assert name not in wrong(settings)
    slack.scopes = tuple(scope for scope in slack.scopes if scope not in {"files:write", "links:read"})
    assert "lacks files:write, links:read" in wrong(settings)[name]
    slack.tokens.clear()
    assert "invalid_auth" in wrong(settings)[name]


def test_a_process_of_another_version_is_to_be_restarted(settings, company, url):
    name = "Web and worker run this version"
    old = make_url(url).update_query_dict({"application_name": "sluice 0.0.9/0013"})
    former = Database(old.render_as_string(hide_password=False), pool_size=1)
    present = Database(signed(url), pool_size=1)
    with present.session() as running:
        running.execute(text("select 1"))
        assert name not in wrong(settings)
        with former.session() as before:
            before.execute(text("select 1"))
            found = wrong(settings)[name]
    former.close()
    present.close()
    assert "there runs 0.0.9/0013 (connections: 1)" in found
    assert release() in found


def test_socket_mode_needs_no_address_but_a_token_that_slack_takes(settings, slack):
    slack.socket = SocketDouble()
    changed = settings.model_copy(update={"slack_signing_secret": (SecretStr("s"),)})
    right, other = (
        wrong(changed.model_copy(update={"slack_app_token": SecretStr(token)})) for token in (APP_TOKEN, "xapp-other")
    )
    slack.socket.stop()
    assert {"Slack opens a connection", "Chat platforms can reach this server"} & right.keys() == set()
    assert "invalid_auth" in other["Slack opens a connection"]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("update workspace set dead_at = now() where platform = 'slack'", "Every chat installation works"),
        (UNKNOWN, "Everybody active is known in a chat"),
        ("insert into clock (id, offset_seconds) values (1, 60)", "The clock stands on the machine's time"),
        (DEAD, "Every message found its way"),
        ("update workspace set created_at = now() - interval '2 hours'", "WeCom calls this server"),
        (FAILED, "No job has failed for good"),
        (OLD_BACKUP, "The last backup is not old"),
    ],
)  # fmt: skip
def test_each_trouble_in_the_data_has_its_line(settings, company, statement, name):
    acme, database = company
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(statement))
    assert name in wrong(settings)


def test_a_key_that_opens_nothing_stored_is_told_where_the_former_one_goes(settings, company):
    other, name = build.SECRET[::-1], "Stored secrets can be read"
    assert "after a comma" in wrong(settings.model_copy(update={"secret_key": SecretStr(other)}))[name]
    both = SecretStr(f"{other},{build.SECRET}")
    found = wrong(settings.model_copy(update={"secret_key": both}))
    assert name not in found
    assert "source.secret (1)" in found["Stored secrets are sealed with the newest key"]


def test_a_group_that_was_lost_is_no_group(settings, company):
    acme, database = company
    with database.begin(acme.org_id) as uow:
        build.group(uow, acme, "slack", team="north")
    assert "Every team has a group" not in wrong(settings)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update conversation set broken_at = now()"))
    assert "Every team has a group" in wrong(settings)


def test_whom_slack_tells_the_address_of_is_known_at_the_first_word(settings, company):
    acme, database = company
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("delete from chat_identity"))
        uow.session.execute(text("update member set email = id || '@acme.example' where email is null"))
    assert "Everybody active is known in a chat" not in wrong(settings)


def test_a_full_disk_and_a_wrong_clock_are_seen(settings, company, monkeypatch):
    assert {"The disk has room", "Database and this machine agree on the time"} & wrong(settings).keys() == set()
    usage, present = type(shutil.disk_usage("/")), time.time
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(1000, 980, 20))
    monkeypatch.setattr(time, "time", lambda: present() + 60)
    assert wrong(settings).keys() >= {"The disk has room", "Database and this machine agree on the time"}


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("crm.example.com", True), ("8.8.8.8", True), ("localhost", False), ("127.0.0.1", False), ("10.0.0.7", False),
        ("::1", False), ("box.local", False), ("", False),
    ],
)  # fmt: skip
def test_what_others_can_reach_is_public(host, public):
    assert doctor_machine.is_public(host) == public


def test_the_ten_mistakes_that_the_documentation_names_are_looked_for(settings, company):
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    table = page.partition("happen most:")[2].partition("It also looks")[0]
    named = re.findall(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE)[1:]
    connected = settings.model_copy(update={"wecom_corp_id": "ww1", "base_url": "https://127.0.0.1:9"})
    looked_for = {finding.name.split(" (")[0] for finding in doctor.examine(connected)}
    # Whether the schema is the right one is told only where it is not: nothing can be asked of another one.
    assert (len(named), {*named} - looked_for) == (10, {"The schema is this version's"})
