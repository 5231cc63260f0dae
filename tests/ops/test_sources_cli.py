"""Senders from the command line: formats by name and in files, a post tried, and a mail server's pipe."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text
from typer.testing import Result

from crm.formats.mapping import schema
from ops.init_company import load_file
from tests import build, command_line
from tests.docs.pages import ROOT
from tests.webhooks.intake import kit

SAMPLES = ROOT / "docs/examples/intake"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules="{}")


@pytest.fixture
def sluice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_url: str, database, acme):
    """Runs a command for the company."""
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    key = command_line.key_of(database, acme)

    def run(*words: str, given: str | bytes | None = None, org: bool = True) -> Result:
        return command_line.sluice([*words, *(["--org", key] if org else [])], given=given)

    return run


def test_a_source_is_made_with_a_format_and_says_what_to_do_at_the_vendors(sluice, database, acme):
    told = sluice("sources", "add", "Spring ads", "--using", "meta", "--pool", "north").stdout
    assert "Address: http://127.0.0.1:8000/intake/spring-ads" in told
    assert "verify token whsec_" in told
    assert "sluice sources set spring-ads page_token" in told
    assert sluice("sources", "set", "spring-ads", "page_token", given="EAAB\n").stdout.startswith("Kept. 0 leads")
    listed = json.loads(sluice("sources", "list", "--json").stdout)
    assert [(row["key"], row["format"]) for row in listed] == [("spring-ads", "meta"), ("web", "generic")]
    with database.begin(acme.org_id) as uow:
        row = uow.session.execute(text("select pool_id, vendor from source where key = 'spring-ads'")).one()
    assert (row.pool_id, b"EAAB" in bytes(row.vendor)) == (acme.pool["north"], False)


def test_a_key_within_an_address_is_quoted(sluice):
    told = sluice("sources", "add", "Baidu", "--using", "baidu").stdout
    key = told.split("(shown this once): ")[1].split("\n")[0]
    assert f"/intake/baidu?key={quote(key, safe='')}." in told


def test_what_a_source_does_not_need_is_refused(sluice):
    told = sluice("sources", "set", "web", "page_token", given="x")
    assert (told.exit_code, "page_token" in told.stderr) == (1, True)


def test_an_unknown_format_names_those_there_are(sluice):
    told = sluice("sources", "add", "X", "--using", "fax")
    assert (told.exit_code, "baidu, google, jinshuju, linkedin, meta" in told.stderr) == (1, True)


def test_a_description_of_ones_own_is_kept_and_another_one_replaces_it(sluice, database, acme, tmp_path):
    assert sluice("sources", "add", "Quotes", "--mapping", str(SAMPLES / "own.yaml")).exit_code == 0
    other = tmp_path / "other.yaml"
    other.write_text("fields: {phone: mobile}\n")
    assert sluice("sources", "describe", "quotes", str(other)).exit_code == 0
    with database.begin(acme.org_id) as uow:
        row = uow.session.execute(text("select format, mapping from source where key = 'quotes'")).one()
    assert tuple(row) == ("own", {"fields": {"phone": "mobile"}})


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("fields: {fone: mobile}", "there is no field 'fone'"),
        ("felds: {}", "felds: Extra inputs are not permitted"),
        ("fields: {phone: .a}", "fields.phone.0: String should match pattern"),
        ("believed: []\nfields: {phone: a}", "believed: Tuple should have at least 1 item"),
        ("believed: [{by: trust}]\nfields: {phone: a}", "does not match any of the expected tags"),
        ("extends: fax", "there is no format 'fax'"),
        ("[1]", "a mapping is a list of words"),
        ("name: x", "say where the fields are"),
        ("believed: [{by: hmac, header: X-S, timestamp: X-T}]\nfields: {phone: a}", "a timestamp must be signed, too"),
    ],
)
def test_a_mistake_in_a_description_is_named(sluice, tmp_path, written, wrong):
    file = tmp_path / "own.yaml"
    file.write_text(written)
    for command in (["try", str(file), str(SAMPLES / "own.json")], ["add", "X", "--mapping", str(file)]):
        told = sluice("sources", *command, org=command[0] == "add")
        assert told.exit_code in (1, 2)
        assert wrong in told.stderr.replace("\n", " ")


def test_a_post_is_tried_without_being_taken_in(sluice, database, acme):
    told = sluice("sources", "try", str(SAMPLES / "own.yaml"), str(SAMPLES / "own.json"), "--json", org=False)
    assert json.loads(told.stdout) == [
        {
            "id": "71", "name": "Lu Wei", "company": "Lucky Tea", "phone": "0571-87000001", "level": "A",
            "amount": "50000", "custom": {"Colour": "red", "page": "spring"},
        }
    ]  # fmt: skip
    assert kit.leads(database, acme) == []


def test_a_fetched_lead_is_tried_too(sluice):
    told = sluice("sources", "try", "meta", str(SAMPLES / "meta.json"), org=False)
    assert told.stdout.count("to be fetched") == 2
    told = sluice("sources", "try", "meta", str(SAMPLES / "meta-lead.json"), "--fetched", org=False)
    assert "Lu Wei" in told.stdout


def test_a_post_that_would_be_refused_says_why(sluice, tmp_path):
    file = tmp_path / "post.json"
    file.write_text('{"requests": [{"kind": "quote"}]}')
    told = sluice("sources", "try", str(SAMPLES / "own.yaml"), str(file), org=False)
    assert (told.exit_code, "A phone, e-mail or WeChat id is needed" in told.stdout) == (1, True)
    file.write_text("{")
    assert sluice("sources", "try", "google", str(file), org=False).exit_code == 2


def test_the_schema_that_editors_use_is_committed_and_fits_what_is_shipped(sluice):
    """`sluice sources schema` prints it."""
    committed = json.loads((ROOT / "docs/reference/intake.schema.json").read_text())
    assert committed == schema() == json.loads(sluice("sources", "schema", org=False).stdout)
    Draft202012Validator.check_schema(committed)


MAIL = b"From: Lu Wei <lu@tea.example>\nMessage-ID: <1@tea.example>\nSubject: Prices\n\nCall 13800138000\n"


def test_a_mail_servers_pipe_takes_a_message_in_once(sluice, database, acme):
    kit.make(database, acme, "email")
    word = f"email-{acme.org_id}"
    assert [sluice("mail", word, given=MAIL).stdout for _ in range(2)] == ["L-1001\n"] * 2
    assert kit.count(database, acme, "activity where verb = 'touched'") == 0
    told = sluice("mail", word, given=b"Auto-Submitted: auto-replied\n" + MAIL)
    assert (told.exit_code, told.stdout) == (0, "An automatic reply is not a lead.\n")
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select accepted from source where key = :k"), {"k": word}) == 3


def test_a_pipe_is_told_what_its_mail_server_understands(sluice, monkeypatch):
    assert sluice("mail", "nowhere", given=MAIL).exit_code == 67
    monkeypatch.setenv("SLUICE_DATABASE_URL", "postgresql+psycopg://nobody@/none?host=/nowhere")
    assert sluice("mail", "web", given=MAIL).exit_code == 75


NUMBERS = count()


def company(**source):
    part = {"key": "ads", "name": "Ads"} | source
    return json.dumps({"organization": {"key": f"o{next(NUMBERS)}", "name": "O"}, "pools": [{"key": "p", "name": "P"}],
                       "sources": [part]})  # fmt: skip


def test_a_company_file_names_formats_and_is_loaded_twice_without_a_change(database, tmp_path, monkeypatch, time):
    monkeypatch.setenv("META_TOKEN", "EAAB")
    (tmp_path / "own.yaml").write_text((SAMPLES / "own.yaml").read_text())
    file = tmp_path / "company.yaml"
    for given in ({"format": "meta", "vendor": {"page_token": "env:META_TOKEN"}}, {"mapping": "own.yaml"},
                  {"kind": "feed", "mapping": {"unknown": "reject"}}, {"kind": "email"}):  # fmt: skip
        file.write_text(company(**given))
        first, second = (load_file(database, kit.VAULT, file) for _ in range(2))
        assert first.added["source"] == 1
        assert (second.added["source"], second.changed["source"]) == (0, 0)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"format": "fax"}, "there is no format 'fax'"),
        ({"mapping": "missing.yaml"}, "missing.yaml cannot be read"),
        ({"mapping": {"fields": {"fone": "x"}}}, "there is no field 'fone'"),
        ({"kind": "feed", "mapping": {"unknown": "guess"}}, "unknown: Input should be 'remember' or 'reject'"),
    ],
)
def test_a_mistake_in_a_company_file_is_named_before_anything_is_written(database, tmp_path, given, wrong):
    file = tmp_path / "company.yaml"
    file.write_text(company(**given))
    with pytest.raises(Exception, match=wrong):
        load_file(database, kit.VAULT, file)
