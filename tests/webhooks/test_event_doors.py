"""The door of an event: who registered is there with one phone, who did not becomes a lead, and owners are told."""

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import text

from bot.cards import codes
from crm.clock import DrivenClock
from crm.db import Database
from crm.services import assignments, event_materials, events, leads, members
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks.forms.router import router

BASE = "https://crm.example.com"
LU = {"name": "Lu Wei", "phone": "13800138000", "consent": "yes"}


@dataclass
class Hall:
    """One event of a company, and a visitor's browser."""

    database: Database
    acme: build.Company
    client: TestClient
    time: DrivenClock
    event: events.EventView
    links: dict[str, str]

    @property
    def form(self) -> str:
        return f"/f/{self.event.form_word}"

    @property
    def door(self) -> str:
        return f"/e/{self.event.word}"

    def send(self, path: str, **typed: str) -> Any:
        stamp = re.search(r'name="stamp" value="([^"]+)"', self.client.get(path).text)
        self.time.advance(seconds=20)
        return self.client.post(path, data={"stamp": stamp[1] if stamp else "", **typed})

    def rows(self, statement: str) -> list[Any]:
        with self.database.begin(self.acme.org_id) as uow:
            return [tuple(row) for row in uow.session.execute(text(statement), {"o": self.acme.org_id})]

    def give(self, who: str) -> None:
        """The newest lead is that member's."""
        with self.database.begin(self.acme.org_id) as uow:
            newest = uow.session.scalar(text("select max(id) from lead where org_id = :o"), {"o": self.acme.org_id})
            boss = members.get(uow, self.acme.member["mia"])
            lead = leads.access_id(uow, actor=boss, lead_id=newest)
            assignments.assign(uow, actor=boss, lead=lead, to=members.get(uow, self.acme.member[who]))

    def told(self, topic: str) -> list[int]:
        statement = f"select member_id from message where org_id = :o and topic = '{topic}' order by id"
        names = {number: name for name, number in self.acme.member.items()}
        return [names[row[0]] for row in self.rows(statement)]

    def do(self, work: Any) -> None:
        with self.database.begin(self.acme.org_id) as uow:
            work(uow, members.get(uow, self.acme.member["mia"]), events.get(uow, self.event.id))


GUESTS = """
    select p.name, g.registered_at is not null, g.signed_in_at is not null, m.name
    from event_guest g join lead l on l.org_id = g.org_id and l.id = g.lead_id
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join event_link k on k.org_id = g.org_id and k.id = g.link_id
    left join member m on m.org_id = k.org_id and m.id = k.member_id
    where g.org_id = :o order by g.id
"""
TASKS = """
    select t.words, m.name, t.lead_id is not null from task t join member m on m.id = t.member_id where t.org_id = :o
"""
LEADS = "select channel, campaign, referrer, touches from lead where org_id = :o order by id"


@pytest.fixture(scope="module")
def redis(engines):
    client = Redis.from_url(engines.redis_url)
    yield client
    client.close()


@pytest.fixture
def hall(database, redis, time):
    acme = build.company(database, rules="{}")
    with database.begin(acme.org_id) as uow:
        mia, at = members.get(uow, acme.member["mia"]), build.NOW.replace(day=7)
        helpers = [acme.member["ann"], acme.member["bob"]]
        made = events.create(
            uow, Vault(build.SECRET), actor=mia, name="Spring <Expo>", place="Hall 3", starts_at=at, helpers=helpers
        )
        links = {helper.name: helper.word for helper in events.helpers(uow, made.id)}
    app = FastAPI()
    settings = Settings(secret_key=build.SECRET, base_url=BASE)
    app.include_router(router(SimpleNamespace(database=database, redis=redis, settings=settings)))
    with TestClient(app, raise_server_exceptions=False, base_url=BASE) as client:
        yield Hall(database, acme, client, time, made, links)


def test_whoever_registers_by_a_helpers_address_is_a_lead_of_the_event_that_the_helper_brought(hall):
    answer = hall.send(f"{hall.form}?h={hall.links['Ann Li']}", **LU)
    assert "You are registered" in answer.text
    assert "Saturday 7 March 2026, 10:00" in answer.text
    assert hall.rows(GUESTS) == [("Lu Wei", True, False, "Ann Li")]
    assert hall.rows(LEADS) == [("event", "Spring <Expo>", "Ann Li", 1)]
    with hall.database.begin(hall.acme.org_id) as uow:
        helpers = {helper.name: (helper.leads, helper.signed_in) for helper in events.helpers(uow, hall.event.id)}
    assert helpers == {"Ann Li": (1, 0), "Bob Chen": (0, 0)}


def test_who_registered_signs_in_with_the_phone_alone_and_the_owner_is_told_once(hall):
    hall.send(hall.form, **LU)
    hall.give("ann")
    for phone in ("138 0013 8000", "+86 13800138000"):
        assert "You are signed in" in hall.send(hall.door, phone=phone).text
    assert hall.rows(GUESTS) == [("Lu Wei", True, True, None)]
    assert hall.told("event.signed_in") == ["ann"]
    assert hall.rows(LEADS)[0][3] == 1


def test_a_stranger_at_the_door_becomes_a_lead_and_reads_what_everybody_reads(hall):
    hall.send(hall.form, **LU)
    known = hall.send(hall.door, phone="13800138000").text
    unknown = hall.send(hall.door, phone="13900139000", name="Zhou Min").text
    assert known == unknown
    assert hall.rows(GUESTS) == [("Lu Wei", True, True, None), ("Zhou Min", False, True, None)]
    assert hall.rows("select verified from person_key where org_id = :o order by id") == [(False,), (False,)]
    with hall.database.begin(hall.acme.org_id) as uow:
        assert events.figures(uow, hall.event.id) == events.Figures(1, 2, 1, 0, 0)


def test_a_customer_of_the_company_who_had_not_registered_is_signed_in_too(hall):
    with hall.database.begin(hall.acme.org_id) as uow:
        build.lead(uow, hall.acme, owner="bob", name="Lu Wei", phone="+8613800138000")
    hall.send(hall.door, phone="13800138000")
    assert hall.rows(GUESTS) == [("Lu Wei", False, True, None)]
    assert hall.told("event.signed_in") == ["bob"]


@pytest.mark.parametrize(
    ("typed", "wrong"), [({}, "phone"), ({"phone": "12"}, "phone"), ({"phone": "x" * 300}, "phone")]
)
def test_a_door_without_a_phone_asks_again(hall, typed, wrong):
    answer = hall.send(hall.door, **typed)
    assert answer.status_code == 422
    assert f'href="#{wrong}"' in answer.text


def test_a_question_of_a_guest_goes_to_the_owner_as_a_task(hall):
    hall.send(hall.form, **LU)
    hall.give("ann")
    answer = hall.send(f"{hall.door}/ask", question="Is there <b>one</b> in green?", phone="13800138000")
    assert "Your question is with us" in answer.text
    assert hall.told("event.question") == ["ann"]
    assert hall.rows(TASKS) == [("Spring <Expo>: Is there <b>one</b> in green?", "Ann Li", True)]


def test_a_question_without_a_phone_goes_to_the_helper_or_to_whoever_made_the_event(hall):
    hall.send(f"{hall.door}/ask?h={hall.links['Bob Chen']}", question="Where is the stand?")
    hall.send(f"{hall.door}/ask", question="When does it begin?")
    assert hall.told("event.question") == ["bob", "mia"]
    assert hall.rows("select count(*) from lead where org_id = :o") == [(0,)]


def test_a_question_of_a_stranger_with_a_phone_makes_a_lead_and_an_empty_one_nothing(hall):
    assert hall.send(f"{hall.door}/ask", question=" ", phone="13800138000").status_code == 422
    hall.send(f"{hall.door}/ask", question="A quote please", phone="13800138000")
    assert hall.rows(LEADS) == [("event", "Spring <Expo>", None, 1)]
    assert hall.told("event.question") == ["mia"]


def test_materials_are_links_and_files_and_stay_when_the_event_is_over(hall):
    address = "https://www.example.com/a?b=1&c=2"
    hall.do(lambda uow, mia, event: event_materials.add(uow, actor=mia, event=event, title="<i>", url=address))
    file = hall.rows(FILE.format(workspace=hall.acme.workspace["slack"], member=hall.acme.member["mia"]))[0][0]
    hall.do(lambda uow, mia, event: event_materials.add(uow, actor=mia, event=event, title="Paper", file=file))
    hall.time.advance(days=30)
    page = hall.client.get(f"{hall.door}/materials").text
    assert 'href="https://www.example.com/a?b=1&amp;c=2"' in page
    assert "&lt;i&gt;" in page
    path = re.search(r'href="(/e/[^"]+/materials/\d+)"', page)[1]
    got = hall.client.get(path)
    assert got.content == b"%PDF-1"
    assert got.headers["content-disposition"].startswith("attachment")
    assert [hall.client.get(f"{hall.door}/materials/{wrong}").status_code for wrong in ("0", "x", "9" * 30)] == [
        404
    ] * 3


FILE = """
    insert into attachment (org_id, member_id, workspace_id, name, mime, size, handle, state, content, created_at)
    values (:o, {member}, {workspace}, 'a.pdf', 'application/pdf', 6, '{{}}', 'kept', '%PDF-1', now()) returning id
"""


def test_all_codes_of_an_event_are_on_one_sheet(hall):
    page = hall.client.get(f"{hall.door}/codes").text
    for path in (hall.form, hall.door, f"{hall.door}/materials", f"{hall.door}/ask"):
        assert codes.svg(BASE + path) in page


def test_a_closed_event_and_one_that_is_over_say_so(hall):
    hall.do(lambda uow, mia, event: events.set_open(uow, actor=mia, event=event, is_open=False))
    assert_over(hall)
    hall.do(lambda uow, mia, event: events.set_open(uow, actor=mia, event=event, is_open=True))
    assert hall.client.get(hall.door).status_code == 200
    hall.time.advance(days=30)
    assert_over(hall)


def assert_over(hall: Hall) -> None:
    answers = [hall.client.get(path) for path in (hall.form, hall.door, f"{hall.door}/ask")]
    answers += [hall.send(path, **LU) for path in (hall.form, hall.door, f"{hall.door}/ask")]
    assert [answer.status_code for answer in answers] == [410] * 6
    assert "Spring &lt;Expo&gt; is over" in answers[0].text
    assert hall.rows("select count(*) from lead where org_id = :o") == [(0,)]


def test_pages_of_other_kinds_and_unknown_words_are_not_there(hall):
    wrong = (f"/e/{hall.event.form_word}", f"/f/{hall.event.word}", "/e/nobody-here", "/e/nobody-here/ask")
    assert [hall.client.get(path).status_code for path in wrong] == [404] * 4
    assert hall.client.post("/e/nobody-here/ask", data=LU).status_code == 404
