"""Deadlines in the database follow the facts."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.services import clocks
from tests import build

RULES = """
recycle:
- name: contact
  no_first_contact: 24h
- name: calls
  no_follow_up: 7d
warn: [1d, 2h]
"""
DAY = timedelta(days=1)


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def clock_of(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        lead = build.read(uow, lead_id)
        return lead.recycle_at, lead.recycle_rule, lead.warn_at, lead.warn_step


def test_an_owned_lead_gets_its_deadline_and_the_next_warning(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann")
        clocks.restart(uow, [lead_id])
    # The deadline is tomorrow at ten; two hours before nobody works, so an hour before today's closing.
    assert clock_of(database, acme, lead_id) == (build.NOW + DAY, "contact", build.NOW + timedelta(hours=7), 1)


def test_a_lead_in_a_pool_has_no_deadline(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, recycle_at=uow.now, recycle_rule="calls", warn_at=uow.now)
        clocks.restart(uow, [lead_id])
    assert clock_of(database, acme, lead_id) == (None, None, None, 0)


def test_a_follow_up_moves_the_deadline(database, acme, time):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann", contacted_at=uow.now, followed_up_at=uow.now + DAY)
        clocks.restart(uow, [lead_id])
    assert clock_of(database, acme, lead_id)[:2] == (build.NOW + 8 * DAY, "calls")


def test_a_planned_task_holds_the_lead_until_a_day_after_it(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann")
        build.task(uow, acme, "ann", due_at=uow.now + 3 * DAY, lead_id=lead_id)
        clocks.restart(uow, [lead_id])
    assert clock_of(database, acme, lead_id)[0] == build.NOW + 4 * DAY


def test_a_task_of_somebody_else_holds_nothing(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann")
        build.task(uow, acme, "bob", due_at=uow.now + 3 * DAY, lead_id=lead_id)
        clocks.restart(uow, [lead_id])
    assert clock_of(database, acme, lead_id)[0] == build.NOW + DAY


def test_leave_is_no_working_time(database, time):
    acme = build.company(database, rules="recycle: [{name: calls, no_follow_up: 2wd}]")
    with database.begin(acme.org_id) as uow:
        uow.session.execute(
            text(
                "insert into leave (org_id, member_id, starts_on, ends_on) values (:o, :m, '2026-03-05', '2026-03-06')"
            ),
            {"o": acme.org_id, "m": acme.member["ann"]},
        )
        hers, his = build.lead(uow, acme, owner="ann"), build.lead(uow, acme, owner="bob")
        clocks.restart(uow, [hers, his])
    assert clock_of(database, acme, his)[0] == build.NOW + 2 * DAY
    assert clock_of(database, acme, hers)[0] == build.NOW + 6 * DAY


def test_the_nearest_team_decides_the_hours(database, time):
    acme = build.company(database, rules="recycle: [{name: calls, no_follow_up: 4wh}]")
    with database.begin(acme.org_id) as uow:
        uow.session.execute(
            text(
                "insert into team_calendar"
                " (org_id, department_id, opens, closes, weekdays, extra_holidays, extra_workdays)"
                " values (:o, :d, '08:00', '12:00', '{1,2,3,4,5}', '[]', '[\"2026-03-07\"]')"
            ),
            {"o": acme.org_id, "d": acme.department["north"]},
        )
        north, south = build.lead(uow, acme, owner="ann"), build.lead(uow, acme, owner="cyd")
        clocks.restart(uow, [north, south])
    assert clock_of(database, acme, south)[0] == build.NOW + timedelta(hours=4)
    assert clock_of(database, acme, north)[0] == build.NOW + DAY


def test_the_same_clock_keeps_its_place_on_the_ladder(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann", contacted_at=uow.now, followed_up_at=uow.now)
        clocks.restart(uow, [lead_id])
        uow.session.execute(text("update lead set warn_step = 1, warn_at = null where id = :l"), {"l": lead_id})
        clocks.restart(uow, [lead_id])
    assert clock_of(database, acme, lead_id)[3] == 1
