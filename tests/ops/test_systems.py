"""Other systems from the command line and from a company file."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import Result

from crm.db import Database
from crm.services import happenings, hook_calls, hooks
from crm.vault import Vault
from ops import company_file
from ops.company_file import CompanyFileError
from ops.init_company import load
from tests import build, command_line

URL = "https://erp.acme.example/in"


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database: Database, time):
    """Runs a command about an organization of its own."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    acme = build.company(database)
    key = command_line.key_of(database, acme)

    def run(*words: str) -> Result:
        return command_line.sluice([*words, "--org", key])

    run.acme = acme
    return run


def listed(sluice, what):
    return json.loads(sluice(what, "--json").stdout)


def test_parts_are_switched_off_and_on(sluice):
    assert sluice("modules", "off", "digests").stdout == "digests is off.\n"
    assert [row["name"] for row in listed(sluice, "modules") if not row["on"]] == ["digests"]
    assert sluice("modules", "on", "digests").stdout == "digests is on.\n"
    assert all(row["on"] for row in listed(sluice, "modules"))
    assert sluice("modules", "off", "core").exit_code == 1


def test_a_token_is_made_listed_and_revoked(sluice):
    made = sluice("tokens", "new", "warehouse", "leads:read", "--days", "90")
    assert made.stdout.startswith(f"Token (shown this once): slc_{sluice.acme.org_id}_")
    assert [(row["number"], row["name"], row["scopes"]) for row in listed(sluice, "tokens")] == [
        (1, "warehouse", "leads:read")
    ]
    assert sluice("tokens", "revoke", "1").stdout == "warehouse opens nothing any more.\n"
    assert listed(sluice, "tokens") == []
    assert sluice("tokens").stdout == "None.\n"


def test_a_hook_is_made_tried_stopped_and_forgotten(sluice):
    assert sluice("hooks", "new", URL, "lead.won").stdout.startswith("Secret of hook 1 (shown this once): whsec_")
    assert sluice("hooks", "test", "1").stdout == "The worker calls it now.\n"
    assert [(row["url"], row["topics"], row["owed"]) for row in listed(sluice, "hooks")] == [(URL, "lead.won", 1)]
    assert URL[:20] in sluice("hooks").stdout
    assert sluice("hooks", "rotate", "1").stdout.startswith("Secret of hook 1")
    assert sluice("hooks", "off", "1").stdout == "Hook 1 is off.\n"
    assert sluice("hooks", "on", "1").stdout == "Hook 1 is on.\n"
    assert sluice("hooks", "replay", "1", "7d").stdout == "1 calls are made once more.\n"
    assert sluice("hooks", "replay", "1", "often").exit_code == 2
    assert sluice("hooks", "remove", "1").stdout == "Hook 1 is gone.\n"
    assert sluice("hooks").stdout == "None.\n"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "https://user@erp.acme.example/", "erp.acme.example"])
def test_an_address_inside_is_no_hook(sluice, url):
    told = sluice("hooks", "new", url)
    assert (told.exit_code, "https://" in told.stderr) == (1, True)


def test_calls_that_were_given_up_stand_among_what_is_dead(sluice, database):
    sluice("hooks", "new", URL)
    with database.begin(sluice.acme.org_id) as uow:
        hook_calls.test(uow, hooks.find(uow, "1"))
        uow.session.execute(
            text("update hook_call set state = 'dead', cause = '500' where org_id = :o"), {"o": uow.org_id}
        )
    assert re.search(r"c\d+ +test +500", sluice("dead").stdout)


FILE = """
organization: {{key: {key}, name: Acme, timezone: UTC, locale: en}}
modules: {{digests: {on}}}
hooks:
  - {{url: "{url}", topics: [{topics}]}}
"""


@pytest.fixture
def loads(database, tmp_path):
    def run(on="false", url=URL, topics="lead.won"):
        path = tmp_path / "company.yaml"
        path.write_text(FILE.format(key=f"systems-{tmp_path.name}", on=on, url=url, topics=topics))
        return load(database, Vault(build.SECRET), company_file.read(path))

    return run


def test_a_company_file_names_what_is_off_and_who_is_called(loads, database):
    first, again = loads(), loads()
    assert list(first.keys) == [URL]
    assert (dict(again.added), dict(again.changed), dict(again.keys)) == ({}, {}, {})
    with database.begin(first.org_id) as uow:
        assert (uow.off, uow.hooked) == ({"digests"}, True)
    changed = loads(on="true", topics="lead.won, lead.lost")
    assert dict(changed.changed) == {"organization": 1, "hook": 1}
    with database.begin(first.org_id) as uow:
        assert (uow.off, hooks.find(uow, "1").topics) == (frozenset(), ["lead.won", "lead.lost"])


@pytest.mark.parametrize("wrong", [{"url": "http://10.0.0.1/"}, {"topics": "lead.odd"}])
def test_what_cannot_be_is_said_and_nothing_is_done(loads, wrong):
    with pytest.raises(CompanyFileError):
        loads(**wrong)


def test_every_topic_that_can_be_asked_for_is_told_of_something():
    assert set(happenings.TOPICS.values()) | set(happenings.OF_PEOPLE) == set(happenings.ALL)
