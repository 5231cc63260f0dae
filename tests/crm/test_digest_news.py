"""A digest tells what is new, to a group or a person, each day or week; one that would tell nothing is left out."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from crm.clock import DrivenClock
from crm.db import Database
from crm.services import assignments, digest_orders, digests, follow_ups, leads, members
from crm.services.digest_orders import Place
from crm.services.follow_ups import FollowUp
from tests import build
from tests.crm.digest_kit import send, sent, subscribe

HAPPENS: dict[str, Any] = {
    "a follow-up": lambda uow, acme, lead: follow_ups.log(
        uow, actor=members.get(uow, acme.member["ann"]), said=FollowUp("called"),
        lead=leads.access_id(uow, actor=members.get(uow, acme.member["ann"]), lead_id=lead),
    ),
    "a new lead in the pool": lambda uow, acme, _lead: build.lead(uow, acme),
    "a lead that a rep got": lambda uow, acme, _lead: build.lead(uow, acme, owner="bob"),
    "a lead that soon goes back": lambda uow, acme, lead: uow.session.execute(
        text("update lead set recycle_at = :soon where id = :lead and org_id = :o"),
        {"soon": uow.now + timedelta(hours=25), "lead": lead, "o": uow.org_id},
    ),
    "a lead that was taken away": lambda uow, acme, lead: assignments.release(
        uow, actor=members.get(uow, acme.member["ann"]), reason="not mine",
        lead=leads.access_id(uow, actor=members.get(uow, acme.member["ann"]), lead_id=lead),
    ),
}  # fmt: skip


@pytest.fixture
def quiet_week(database: Database, time: DrivenClock) -> tuple[build.Company, int]:
    """A team whose digest came today, and a lead of Ann's that is touched as often as it must be."""
    acme = build.company(database)
    subscribe(database, acme, "18:00", "north")
    with database.begin(acme.org_id) as uow:
        later = uow.now + timedelta(days=9)
        lead = build.lead(uow, acme, owner="ann", assigned_at=uow.now, followed_up_at=later, recycle_at=later)
    time.advance(hours=9)
    assert send(database, acme) == 1
    return acme, lead


def test_a_day_on_which_nothing_changed_is_left_out(
    database: Database, time: DrivenClock, quiet_week: tuple[build.Company, int]
) -> None:
    acme, _lead = quiet_week
    for _day in range(3):
        time.advance(days=1)
        assert send(database, acme, news=False) == 0
    assert len(sent(database, acme)) == 1


@pytest.mark.parametrize("what", HAPPENS)
def test_what_counts_as_a_change(
    database: Database, time: DrivenClock, quiet_week: tuple[build.Company, int], what: str
) -> None:
    acme, lead = quiet_week
    with database.begin(acme.org_id) as uow:
        HAPPENS[what](uow, acme, lead)
    time.advance(days=1)
    assert send(database, acme, news=False) == 1
    assert [send(database, acme, news=False) for _day in days(time, 4)][-1] == 0


def days(time: DrivenClock, many: int) -> Iterator[None]:
    yield from (time.advance(days=1) for _ in range(many))


@pytest.mark.parametrize("who", ["cyd", "dan"])
def test_what_another_team_does_is_no_news_to_this_one(
    database: Database, time: DrivenClock, quiet_week: tuple[build.Company, int], who: str
) -> None:
    acme, _lead = quiet_week
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner=who, pool=None)
    time.advance(days=1)
    assert send(database, acme, news=False) == 0


# To a person, and by the week


def ordered(database: Database, acme: build.Company, who: str, **more: Any) -> None:
    with database.begin(acme.org_id) as uow:
        place = Place(None, acme.member[who])
        digest_orders.order(uow, place, **({"department_id": acme.department["north"]} | more))


@pytest.mark.parametrize(("every", "came"), [("day", 14), ("wed", 2), ("fri", 2), ("sun", 2)])
def test_it_comes_each_day_or_on_its_day_of_the_week(
    database: Database, time: DrivenClock, every: str, came: int
) -> None:
    acme = build.company(database)
    ordered(database, acme, "mia", every=every, at=time_of(9))
    assert sum(hourly(database, time, acme, many=14)) == came
    weekdays = {date.fromisoformat(day).strftime("%a").lower() for day, _at in sent(database, acme)}
    assert weekdays == ({every} if every != "day" else {"mon", "tue", "wed", "thu", "fri", "sat", "sun"})


def hourly(database: Database, time: DrivenClock, acme: build.Company, many: int) -> Iterator[int]:
    for _ in range(many * 4):
        time.advance(hours=6)
        yield send(database, acme)


def time_of(hour: int) -> time:
    return time(hour)


def test_a_member_has_one_for_each_team_and_a_new_word_replaces_the_old(database: Database) -> None:
    acme = build.company(database)
    for team, at in (("north", 9), ("south", 10), ("north", 11)):
        ordered(database, acme, "ada", department_id=acme.department[team], at=time_of(at))
    with database.begin(acme.org_id) as uow:
        place = Place(None, acme.member["ada"])
        assert [(one.team, one.at.hour) for one in digest_orders.of(uow, place)] == [("South", 10), ("North", 11)]
        digest_orders.cancel(uow, place, department_id=acme.department["south"], every_team=False)
        assert [one.team for one in digest_orders.of(uow, place)] == ["North"]
        digest_orders.cancel(uow, place)
        assert digest_orders.of(uow, place) == []


def test_who_has_left_gets_none(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    ordered(database, acme, "mia")
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where id = :m"), {"m": acme.member["mia"]})
    time.advance(days=2)
    assert send(database, acme) == 0


def test_a_weekly_one_tells_of_the_week(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme)
    time.advance(days=3)
    with database.begin(acme.org_id) as uow:
        of_day, of_week = (digests.build(uow, None, date(2026, 3, 7), days) for days in (1, 7))
    assert (of_day.pools[0].inflow, of_week.pools[0].inflow) == (0, 1)
    assert (of_week.told.first, of_week.told.last) == (date(2026, 3, 1), date(2026, 3, 7))
