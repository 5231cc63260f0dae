"""Who works here is kept between transactions, and yet no decision is made on what is not so any more."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event

import pytest
from sqlalchemy import text

from crm.services import candidates, dispatch
from crm.services.members import get, set_duty
from tests import build

RULES = "dispatch: [{name: north, to: {departments: [north], members: [Cyd 王]}}]"
OFF_DUTY = "update member set on_duty = false where org_id = :o and id = :bob"
ON_DUTY = "update member set on_duty = true where org_id = :o and id = :bob"
LEAVE = "insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :bob, '2026-03-04', '2026-03-04')"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def run(uow, acme, statement):
    uow.session.execute(
        text(statement), {"o": acme.org_id, "bob": acme.member["bob"], "north": acme.department["north"]}
    )


def change(database, acme, statement):
    with database.begin(acme.org_id) as uow:
        run(uow, acme, statement)


def out(uow, acme):
    """Who is out of the question for the rule, and why."""
    names = {member: name for name, member in acme.member.items()}
    (rule,) = uow.rules.dispatch
    found = {names[one.member_id]: one.excluded(rule) for one in candidates.of_rule(uow, rule)}
    return {name: why for name, why in found.items() if why}


def look(database, acme):
    with database.begin(acme.org_id) as uow:
        return out(uow, acme)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (OFF_DUTY, {"bob": "off_duty"}),
        ("update member set active = false where org_id = :o and id = :bob", {"bob": "inactive"}),
        ("update member set timezone = 'America/New_York' where org_id = :o and id = :bob", {"bob": "out_of_hours"}),
        ("update department set timezone = 'America/New_York' where org_id = :o and id = :north",
         {"ann": "out_of_hours", "bob": "out_of_hours"}),
        ("update organization set timezone = 'America/New_York' where id = :o",
         {"ann": "out_of_hours", "bob": "out_of_hours", "cyd": "out_of_hours"}),
        ("update team_calendar set opens = '15:00' where org_id = :o",
         {"ann": "out_of_hours", "bob": "out_of_hours", "cyd": "out_of_hours"}),
        ("update team_calendar set extra_holidays = '[\"2026-03-04\"]' where org_id = :o",
         {"ann": "out_of_hours", "bob": "out_of_hours", "cyd": "out_of_hours"}),
        (LEAVE, {"bob": "on_leave"}),
        ("update rep_load set holding = 200 where org_id = :o and member_id = :bob", {"bob": "at_capacity"}),
    ],
)  # fmt: skip
def test_what_has_changed_since_the_last_decision_counts_in_the_next(database, acme, statement, expected):
    assert look(database, acme) == {}
    change(database, acme, statement)
    assert look(database, acme) == expected


def test_who_comes_goes_or_moves_is_in_the_next_decision_or_out_of_it(database, acme):
    look(database, acme)
    change(database, acme, "update member set left_at = now() where org_id = :o and id = :bob")
    with database.begin(acme.org_id) as uow:
        run(uow, acme, "update member set department_id = :north where org_id = :o and name = 'Dan 赵'")
        (rule,) = uow.rules.dispatch
        assert [one.name for one in candidates.of_rule(uow, rule)] == ["Ann Li", "Cyd 王", "Dan 赵"]


def test_leave_is_over_with_its_day(database, acme, time):
    change(database, acme, LEAVE)
    assert look(database, acme) == {"bob": "on_leave"}
    time.advance(days=1)
    assert look(database, acme) == {}
    time.advance(days=-1)
    assert look(database, acme) == {"bob": "on_leave"}


def test_what_is_committed_late_is_seen_though_it_began_before_what_was_seen_already(database, acme):
    look(database, acme)
    with database.begin(acme.org_id) as early:
        run(early, acme, LEAVE)
        change(database, acme, "update member set tags = '{senior}' where org_id = :o and name = 'Ann Li'")
        assert look(database, acme) == {}
    assert look(database, acme) == {"bob": "on_leave"}


class _Over(Exception):
    """What was tried is to be forgotten."""


def test_what_is_taken_back_leaves_nothing_behind(database, acme):
    with suppress(_Over), database.begin(acme.org_id) as uow:
        run(uow, acme, OFF_DUTY)
        assert out(uow, acme) == {"bob": "off_duty"}
        run(uow, acme, ON_DUTY)
        assert out(uow, acme) == {}
        run(uow, acme, OFF_DUTY)
        assert out(uow, acme) == {"bob": "off_duty"}
        raise _Over
    assert look(database, acme) == {}


def test_nobody_is_dealt_to_once_off_duty_while_others_decide_all_the_time(database, acme):
    over = Event()

    def keep_looking():
        while not over.is_set():
            look(database, acme)

    def switch(to):
        with database.begin(acme.org_id) as uow:
            set_duty(uow, get(uow, acme.member["bob"]), on=to)

    def deal():
        with database.begin(acme.org_id) as uow:
            return dispatch.dispatch(uow, build.lead(uow, acme)).member_id

    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(keep_looking) for _ in range(2)]
        dealt = {on: [(switch(on), deal(), deal(), deal())[1:] for _ in range(8)] for on in (False, True)}
        over.set()
    assert [other.result() for other in others] == [None, None]
    assert all(acme.member["bob"] not in three for three in dealt[False])
    assert all(acme.member["bob"] in three for three in dealt[True])
