"""One customer's data, the audit and the key of the installation, from the command line; and no secret is ever told."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import Result

from crm.db import Database
from crm.services import audit, leads, members, reveals
from crm.settings import Settings, load
from crm.vault import Vault
from tests import build, command_line

PHONE = "+8613800001111"
NEW = "a newer secret key than the other"


@pytest.fixture(scope="module")
def shared_database(own_database: Database) -> Database:
    return own_database


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_url: str):
    command_line.settle(monkeypatch, tmp_path, own_url)

    def run(*words: str, **environment: str) -> Result:
        return command_line.sluice(words, env=environment)

    return run


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def org(database, acme) -> str:
    with database.begin() as uow:
        return str(uow.session.scalar(text("select key from organization where id = :id"), {"id": acme.org_id}))


@pytest.fixture
def ref(database, acme) -> str:
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, phone=PHONE, name="Lu Wei")
        return f"L-{leads.number_of(uow, lead)}"


def test_a_customer_is_taken_out_set_aside_and_erased(sluice, org, ref, tmp_path, database, acme):
    file = tmp_path / "person.zip"
    assert sluice("privacy", "export", ref, str(file), "--org", org).exit_code == 0
    with zipfile.ZipFile(file) as packed:
        told = json.loads(packed.read("person.json"))
        page = packed.read("person.html").decode()
    assert (told["person"][0]["name"], told["person_key"][0]["value"], "Lu Wei" in page) == ("Lu Wei", PHONE, True)
    assert sluice("privacy", "stop", ref, "a dispute", "--org", org).exit_code == 0
    refused = sluice("privacy", "erase", ref, "--yes", "--org", org)
    assert (refused.exit_code, "set aside" in refused.stderr) == (1, True)
    assert sluice("privacy", "resume", ref, "--org", org).exit_code == 0
    erased = json.loads(sluice("privacy", "erase", ref, "--yes", "--org", org, "--json").stdout)
    assert erased["counts"]["person_key"] == 1
    with database.begin(acme.org_id) as uow:
        verbs = uow.session.execute(text("select verb, via from audit order by id")).all()
    assert [tuple(row) for row in verbs] == [
        ("person.exported", "cli"), ("person.restricted", "cli"), ("person.unrestricted", "cli"),
        ("person.erased", "cli"),
    ]  # fmt: skip


def test_an_old_list_does_not_bring_the_customer_back(sluice, org, ref, tmp_path, database, acme):
    sluice("privacy", "erase", ref, "--yes", "--org", org)
    file = tmp_path / "old.csv"
    file.write_text("name,phone\nLu Wei,13800001111\nZoe,13900002222\n")
    done = json.loads(sluice("import", str(file), "--org", org, "--json").stdout)
    assert (done["created"], done["rejected"]) == (1, 1)
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalars(text("select name from person order by name")).all() == ["", "Zoe"]


def test_after_a_restore_the_list_is_applied(sluice, org, ref, tmp_path):
    sluice("privacy", "erase", ref, "--yes", "--org", org)
    file = tmp_path / "erased.json"
    assert sluice("privacy", "list", str(file), "--org", org).exit_code == 0
    assert json.loads(sluice("privacy", "reapply", str(file), "--org", org, "--json").stdout) == {"erased": 0}
    file.write_text("{}")
    assert sluice("privacy", "reapply", str(file), "--org", org).exit_code == 2


def test_what_is_kept_no_longer_is_counted_first(sluice, org, database, acme):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "keep: {closed_leads: 365d}")
        build.lead(uow, acme, phone=PHONE, status="lost", closed_at=build.NOW.replace(year=2020))
    assert sluice("privacy", "retention", "--dry-run", "--org", org).stdout == "Due: closed_leads 1.\n"
    assert sluice("privacy", "retention", "--org", org).stdout == "Done: closed_leads 1.\n"
    assert sluice("privacy", "retention", "--dry-run", "--org", org).stdout == "Due: nothing.\n"


def test_the_audit_is_checked_and_written_to_a_file(sluice, org, tmp_path, database, acme):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "claim: {reveals_per_day: 3}")
    with database.begin(acme.org_id) as uow:
        lead = build.lead(uow, acme, phone=PHONE)
        reveals.reveal(uow, actor=members.get(uow, acme.member["ann"]), ref=f"L-{leads.number_of(uow, lead)}")
        audit.write(uow, "source.made", by=None, subject="=1+1")
    file = tmp_path / "audit.csv"
    assert sluice("audit", "export", str(file), "--period", "2026-03", "--org", org).exit_code == 0
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["what"], row["who"], row["to"][:6]) for row in rows] == [
        ("contact.revealed", "Ann Li", "lead:" + str(lead)[:1]), ("source.made", "", "'=1+1"),
    ]  # fmt: skip
    looks = tmp_path / "reveals.csv"
    assert sluice("audit", "reveals", str(looks), "--period", "2026-03", "--org", org).exit_code == 0
    assert "Ann Li" in looks.read_text(encoding="utf-8-sig")
    told = json.loads(sluice("audit", "verify", "--org", org, "--json").stdout)
    assert (told["entries"], told["findings"]) == (2, [])
    assert sluice("audit", "verify", "--since", told["end"], "--org", org).exit_code == 0
    assert sluice("audit", "verify", "--since", f"9:{'0' * 64}", "--org", org).exit_code == 1
    assert sluice("audit", "verify", "--since", "nonsense", "--org", org).exit_code == 2


def test_keys_are_rotated_and_it_says_what_still_needs_the_former_one(sluice, database, acme):
    both = f"{NEW},{build.SECRET}"
    before = json.loads(sluice("keys", "rotate", "--dry-run", "--json", SLUICE_SECRET_KEY=both).stdout)
    assert before["source.secret"]["anew"] >= 1
    assert json.loads(sluice("keys", "rotate", "--json", SLUICE_SECRET_KEY=both).stdout) == before
    assert sluice("keys", "rotate", SLUICE_SECRET_KEY=both).stdout == "0 secrets sealed with the newest key.\n"
    with database.begin(acme.org_id) as uow:
        sealed = uow.session.scalar(text("select secret from source"))
        assert uow.session.scalar(text("select count(*) from audit where verb = 'keys.rotated'")) == 1
    assert Vault(NEW).open(bytes(sealed)) == "web-key"
    refused = sluice("keys", "rotate", SLUICE_SECRET_KEY=build.SECRET)
    assert (refused.exit_code, "after a comma" in refused.stdout) == (1, True)
    assert sluice("keys", "rotate", SLUICE_SECRET_KEY=f"{build.SECRET},{NEW}").exit_code == 0


SECRETS = {
    "SLUICE_SECRET_KEY": "vorpal-secret-key-of-this-test", "SLUICE_SLACK_BOT_TOKEN": "xoxb-vorpal",
    "SLUICE_SLACK_APP_TOKEN": "xapp-vorpal", "SLUICE_SLACK_CLIENT_SECRET": "vorpal-client",
    "SLUICE_SLACK_SIGNING_SECRET": "vorpal-signing-1,vorpal-signing-2", "SLUICE_WECOM_SECRET": "vorpal-wecom",
    "SLUICE_WECOM_TOKEN": "vorpal-token", "SLUICE_WECOM_AES_KEY": "vorpal-aes",
    "SLUICE_PLAYGROUND_PASSWORD": "vorpal-p",
}  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",), ("doctor", "--json"), ("keys", "rotate", "--dry-run"), ("keys", "rotate", "--dry-run", "--json"),
        ("members", "--json"), ("rules", "show"), ("init", "/nowhere.yaml"), ("privacy", "list", "/nowhere/x"),
    ],
)  # fmt: skip
def test_no_secret_is_ever_printed(sluice, org, words):
    said = sluice(*words, SLUICE_SLACK_API_URL="http://127.0.0.1:9/", **SECRETS)
    assert "vorpal" not in said.output


def test_settings_hide_their_secrets_wherever_they_are_shown(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    found = load()
    shown = f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"
    assert "vorpal" not in shown
    assert "vorpal" not in repr(Vault(SECRETS["SLUICE_SECRET_KEY"]))
    secret = [name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)]
    assert {f"SLUICE_{name.upper()}" for name in secret} >= set(SECRETS)
