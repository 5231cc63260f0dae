"""The calendar of a member's reminders: good for whoever has the address, silent about contacts, gone when it ends."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from crm.services import feeds, leads, members, tasks
from crm.services.feeds import Event
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks import ical
from webhooks.calendar_feed import router

VAULT = Vault(build.SECRET)
NASTY = "café, 重点; \\ back\r\nATTENDEE:mailto:x@y.example\x00 " + "茶" * 60


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def client(database):
    app = FastAPI()
    app.include_router(router(SimpleNamespace(database=database, settings=Settings(secret_key=build.SECRET))))
    with TestClient(app) as client:
        yield client


def does(database, acme, deed, *args, who="ann"):
    with database.begin(acme.org_id) as uow:
        return deed(uow, *args, actor=members.get(uow, acme.member[who]))


def address(database, acme, who="ann"):
    return f"/calendar/{does(database, acme, feeds.address_of, VAULT, who=who)}.ics"


def plan(database, acme, who="ann", words="send the offer", **after):
    with database.begin(acme.org_id) as uow:
        actor = members.get(uow, acme.member[who])
        lead = leads.access_id(uow, actor=actor, lead_id=build.lead(uow, acme, owner=who, name="Lu Wei"))
        tasks.remind(uow, actor=actor, lead=lead, at=uow.now + timedelta(**after), words=words)


def unfolded(body):
    """The properties as a calendar app reads them: lines joined, CR LF only."""
    assert body.endswith(b"\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert max(len(line) for line in body.split(b"\r\n")) <= ical.LINE
    return body.decode().replace("\r\n ", "").split("\r\n")


def read(text_):
    """A value of the type TEXT as it was meant."""
    return text_.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")


def test_the_address_shows_what_is_due_and_when(database, acme, client):
    plan(database, acme, hours=5)
    plan(database, acme, who="bob", words="not hers", hours=5)
    answer = client.get(address(database, acme))
    lines = unfolded(answer.content)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert (lines[0], lines[-2], lines.count("BEGIN:VEVENT")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 1)
    assert {"DTSTART:20260304T070000Z", "DTEND:20260304T071500Z", "SUMMARY:Lu Wei · L-1001: send the offer"} <= set(
        lines
    )


def test_no_phone_or_address_is_told_not_even_one_that_was_typed(database, acme, client):
    plan(database, acme, words="call +86 138-0013-8000 or lu@tea.example", hours=5)
    told = client.get(address(database, acme)).text
    assert "SUMMARY:Lu Wei · L-1001: call … or …" in told
    assert "138" not in told


def test_what_has_not_changed_is_not_sent_again(database, acme, client):
    plan(database, acme, hours=5)
    first = client.get(address(database, acme))
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(address(database, acme), headers=known)
    assert (again.status_code, again.content) == (304, b"")
    plan(database, acme, hours=6)
    assert client.get(address(database, acme), headers=known).status_code == 200


def test_a_new_address_ends_the_former_one_and_off_ends_it_for_good(database, acme, client):
    former = address(database, acme)
    assert address(database, acme) == former
    does(database, acme, feeds.renew, VAULT)
    assert client.get(former).status_code == 404
    present = address(database, acme)
    assert client.get(present).status_code == 200
    does(database, acme, feeds.end)
    assert client.get(present).status_code == 404


def test_a_key_that_was_lost_makes_a_new_address(database, acme, client):
    former = address(database, acme)
    token = does(database, acme, feeds.address_of, Vault("another key than before"))
    assert client.get(f"/calendar/{token}.ics").status_code == 200
    assert client.get(former).status_code == 404


def test_the_database_keeps_no_address_in_the_clear(database, acme):
    token = does(database, acme, feeds.address_of, VAULT)
    with database.begin(acme.org_id) as uow:
        kept = uow.session.execute(
            text("select token_hash, token from calendar_feed where org_id = :o"), {"o": uow.org_id}
        )
        assert token not in repr(kept.all())


def test_whoever_has_left_has_no_calendar(database, acme, client):
    at = address(database, acme)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where org_id = :o"), {"o": uow.org_id})
    assert client.get(at).status_code == 404


@pytest.mark.parametrize("word", ["x", "1-", "-x", "1-x", "٣-x", "9" * 17 + "-x", "1-" + "x" * 200, "1-%00", "0-x"])
def test_any_other_address_shows_nothing(client, word):
    answer = client.get(f"/calendar/{word}.ics")
    assert (answer.status_code, "chat: calendar" in answer.text) == (404, True)


def test_another_organizations_number_opens_nothing(database, acme, client):
    other = build.company(database)
    token = does(database, acme, feeds.address_of, VAULT)
    assert client.get(f"/calendar/{other.org_id}-{token.partition('-')[2]}.ics").status_code == 404


def test_what_somebody_wrote_begins_no_line_of_its_own():
    at = datetime(2026, 3, 4, 7, tzinfo=UTC)
    body = ical.calendar("提醒", [Event(1, at, NASTY, 1, at)], house="1.sluice")
    lines = unfolded(body)
    assert [line for line in lines if line.startswith("ATTENDEE")] == []
    summary = next(line for line in lines if line.startswith("SUMMARY:"))
    assert read(summary.removeprefix("SUMMARY:")) == NASTY.replace("\r\n", "\n").replace("\x00", "")


@pytest.mark.parametrize("length", [66, 67, 68, 140, 141, 142, 143])
def test_lines_are_cut_between_characters(length):
    for char in ("a", "é", "茶", "🙂"):
        line = "SUMMARY:" + char * length
        pieces = list(ical.folded(line))
        assert all(len(piece.encode()) <= ical.LINE + 2 for piece in pieces)
        assert "".join(pieces).replace("\r\n ", "").removesuffix("\r\n") == line
