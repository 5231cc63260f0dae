"""In shadow time the engine counts and tells, and takes nothing, until an admin lets it go live."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import NotAllowed
from crm.services import members, recycling, shadowing
from tests import build

RULES = "recycle: [{name: silent, no_follow_up: 3d}]\nbreaker: {at_least: 100}"


@pytest.fixture
def acme(database, time):
    acme = build.company(database, rules=RULES)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann")
        build.lead(uow, acme, owner="ann")
        build.lead(uow, acme, owner="cyd")
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    return acme


@pytest.fixture
def who(database, acme):
    def find(name):
        with database.begin(acme.org_id) as uow:
            return members.get(uow, acme.member[name])

    return find


def begin(database, acme, **more):
    with database.begin(acme.org_id) as uow:
        return shadowing.begin(uow, **more)


def figures(database, acme, actor=None):
    with database.begin(acme.org_id) as uow:
        return [(one.name, one.rule, one.now, one.day, one.week) for one in shadowing.losing(uow, actor=actor)]


def test_nothing_is_taken_and_nobody_is_warned(database, acme, time):
    begin(database, acme)
    time.advance(days=9)
    assert (recycling.sweep(database, acme.org_id), recycling.warn(database, acme.org_id)) == (0, 0)
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from lead where owner_id is not null")) == 3
        assert recycling.take_due(uow) == 0


def test_it_says_who_would_lose_what_by_which_rule(database, acme, time):
    time.advance(days=2, hours=12)
    assert figures(database, acme) == [("Ann Li", "silent", 0, 2, 2), ("Cyd 王", "silent", 0, 1, 1)]
    time.advance(days=1)
    assert figures(database, acme) == [("Ann Li", "silent", 2, 2, 2), ("Cyd 王", "silent", 1, 1, 1)]


def test_a_manager_sees_the_own_people_only(database, acme, who, time):
    time.advance(days=4)
    assert [name for name, *_ in figures(database, acme, who("mia"))] == ["Ann Li"]
    assert len(figures(database, acme, who("ada"))) == 2


def test_going_live_leaves_a_day_more_for_what_is_due(database, acme, who, time):
    begin(database, acme)
    time.advance(days=9)
    with database.begin(acme.org_id) as uow:
        assert shadowing.go_live(uow, actor=who("ada"))
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    assert recycling.sweep(database, acme.org_id) == 0
    time.advance(days=1, minutes=1)
    assert recycling.sweep(database, acme.org_id) == 3


def test_only_admins_decide(database, acme, who):
    begin(database, acme)
    with database.begin(acme.org_id) as uow, pytest.raises(NotAllowed):
        shadowing.go_live(uow, actor=who("mia"))
    with database.begin(acme.org_id) as uow, pytest.raises(NotAllowed):
        shadowing.begin(uow, actor=who("ann"))


def test_twice_is_once(database, acme):
    assert (begin(database, acme), begin(database, acme)) == (True, False)
    with database.begin(acme.org_id) as uow:
        assert (shadowing.go_live(uow), shadowing.go_live(uow)) == (True, False)
    assert begin(database, acme)


def test_managers_are_told_each_morning(database, acme, time):
    begin(database, acme)

    def told():
        with database.begin(acme.org_id) as uow:
            shadowing.tell_due(uow)
        with database.begin(acme.org_id) as uow:
            return uow.session.scalars(text("select member_id from message where topic = 'shadow' order by 1")).all()

    assert told() == []
    time.advance(hours=23)
    first = told()
    assert set(first) == {acme.member[name] for name in ("ada", "mia", "max")}
    assert told() == first
    time.advance(days=1)
    assert len(told()) == 2 * len(first)


def test_the_list_names_every_lead_in_its_order(database, acme, time):
    time.advance(days=1)
    with database.begin(acme.org_id) as uow:
        due = list(shadowing.leads(uow))
        assert [one.owner for one in due] == ["Ann Li", "Ann Li", "Cyd 王"]
        assert {one.at - uow.now for one in due} == {timedelta(days=2)}
