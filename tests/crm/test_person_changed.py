"""Other systems are told that more is known of a person, whichever way it came in, and of nothing that is as it was."""

import pytest
from sqlalchemy import text

from crm.rules.arrival import Arrival, check
from crm.services import intake
from crm.services.intake_many import take_in_many
from tests import build

PHONE = "13800138000"
KNOWN = Arrival(name="Ann Li", phone=PHONE)
MORE = {
    "an address": Arrival(name="Ann Li", phone=PHONE, email="ann@acme.example"),
    "a company": Arrival(name="Ann Li", phone=PHONE, company="Acme"),
    "both": Arrival(name="Ann Li", phone=PHONE, company="Acme", wechat="ann_li"),
}


@pytest.fixture
def uow(database):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        yield uow


def one_by_one(uow, arrivals):
    for arrival in arrivals:
        intake.take_in(uow, source=None, arrival=arrival)


def many_at_once(uow, arrivals):
    for arrival in arrivals:
        take_in_many(uow, [check(arrival)])


def told(uow):
    return uow.session.scalar(text("select count(*) from happening where org_id = :o and topic = 'person.changed'"),
                              {"o": uow.org_id})  # fmt: skip


@pytest.mark.parametrize("way", [one_by_one, many_at_once])
@pytest.mark.parametrize("what", MORE)
def test_what_is_new_of_a_known_person_is_told_once(uow, way, what):
    way(uow, [KNOWN, MORE[what]])
    assert told(uow) == 1


@pytest.mark.parametrize("way", [one_by_one, many_at_once])
def test_a_new_person_and_one_who_only_comes_again_have_not_changed(uow, way):
    way(uow, [KNOWN, KNOWN, Arrival(name="Bob", phone="13800138001", email="bob@acme.example")])
    assert told(uow) == 0
