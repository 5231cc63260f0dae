"""Digests come once a day at the team's own wall time, whatever clocks do, and tell of that day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from crm.rules.figures import Compared, Funnel
from crm.rules.finding import find
from crm.services import assignments, digests, follow_ups, leads, members, pipeline
from crm.services.follow_ups import FollowUp
from crm.services.members import zone
from tests import build
from tests.crm.digest_kit import SHANGHAI, send, sent, subscribe

NEW_YORK, LONDON, LORD_HOWE = "America/New_York", "Europe/London", "Australia/Lord_Howe"
# The wall time of the digest, the team's zone, the local day in the middle of four, and what is special about it.
DAYS = [
    pytest.param("02:30", NEW_YORK, "2026-03-08", id="New York, the hour is skipped"),
    pytest.param("01:30", NEW_YORK, "2026-11-01", id="New York, the hour comes twice"),
    pytest.param("09:00", NEW_YORK, "2026-03-08", id="New York, after the gap"),
    pytest.param("09:00", NEW_YORK, "2026-11-01", id="New York, after the fold"),
    pytest.param("01:30", LONDON, "2026-03-29", id="London, the hour is skipped"),
    pytest.param("01:30", LONDON, "2026-10-25", id="London, the hour comes twice"),
    pytest.param("02:15", LORD_HOWE, "2026-10-04", id="Lord Howe, the half hour is skipped"),
    pytest.param("01:45", LORD_HOWE, "2026-04-05", id="Lord Howe, the half hour comes twice"),
    pytest.param("18:00", SHANGHAI, "2026-03-04", id="Shanghai, an ordinary day"),
    pytest.param("00:00", SHANGHAI, "2026-03-04", id="Shanghai, midnight"),
    pytest.param("18:00", SHANGHAI, "2028-02-29", id="a leap day"),
    pytest.param("23:59", NEW_YORK, "2026-12-31", id="the end of the year"),
]
HOUR = timedelta(hours=1)
TICKS = {
    "a steady clock": lambda at: [at],
    "a clock stepped back an hour": lambda at: [at, at - HOUR],
    "a clock stepped on an hour": lambda at: [at, at + HOUR],
}


def around(day: date, at: str, local: Any) -> Iterator[datetime]:
    """Every 20 minutes from two hours before that wall time of the day to two and a half hours after it."""
    due = datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=local).astimezone(UTC)
    yield from (due + timedelta(minutes=minutes) for minutes in range(-120, 151, 20))


@pytest.mark.parametrize("steps", TICKS.values(), ids=TICKS.keys())
@pytest.mark.parametrize(("at", "where", "middle"), DAYS)
def test_each_day_has_one_digest_at_the_teams_wall_time(
    database: Database, time: DrivenClock, at: str, where: str, middle: str, steps: Any
) -> None:
    local, day = zone(where), date.fromisoformat(middle)
    days = [day + timedelta(days=offset) for offset in (-1, 0, 1)]
    moments = [moment for each in days for tick in around(each, at, local) for moment in steps(tick)]
    time.set(moments[0] - 3 * HOUR)
    acme = build.company(database)
    subscribe(database, acme, at, zone_=where)
    for moment in moments:
        time.set(moment)
        send(database, acme)
    found = sent(database, acme)
    assert [each for each, _ in found] == [each.isoformat() for each in days]
    late = {
        each: moment - datetime.fromisoformat(f"{each}T{at}").replace(tzinfo=local).astimezone(UTC)
        for each, moment in found
    }
    assert all(timedelta(0) <= late[each.isoformat()] <= timedelta(minutes=75) for each in days)


def test_two_ticks_at_once_owe_one_digest(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    subscribe(database, acme, "10:00")
    time.advance(hours=25)
    with database.begin(acme.org_id) as first, database.begin(acme.org_id) as second:
        assert (digests.send_due(first), digests.send_due(second)) == (2 - 1, 0)


def test_a_digest_is_sent_late_rather_than_never(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    subscribe(database, acme, "18:00")
    time.advance(hours=8 + 24 + 5)
    assert send(database, acme) == 2
    assert [day for day, _ in sent(database, acme)] == ["2026-03-04", "2026-03-05"]


def test_after_a_long_silence_only_the_last_week_is_told(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    subscribe(database, acme, "18:00")
    time.advance(days=60)
    assert send(database, acme) == digests.CATCH_UP
    assert sent(database, acme)[-1][0] == "2026-05-02"
    assert send(database, acme) == 0


def test_the_day_is_the_teams_not_utcs(database: Database, time: DrivenClock) -> None:
    time.set(datetime(2026, 3, 3, 12, tzinfo=UTC))
    acme = build.company(database)
    subscribe(database, acme, "07:00", zone_=SHANGHAI)
    time.set(datetime(2026, 3, 3, 23, 1, tzinfo=UTC))
    send(database, acme)
    assert [day for day, _ in sent(database, acme)] == ["2026-03-04"]


def test_a_digest_says_what_happened_on_the_day(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        refs = [build.read(uow, build.lead(uow, acme, pool="north")).ref for _ in range(4)]
        earlier = uow.now - timedelta(days=3)
        build.lead(uow, acme, owner="bob", created_at=earlier, assigned_at=earlier, recycle_at=uow.now + 20 * HOUR)
    time.advance(hours=1)
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        for ref in refs[:3]:
            assignments.claim(uow, actor=ann, ref=ref)
        uow.flush()
        first, second = (leads.access(uow, actor=ann, ref=ref) for ref in refs[:2])
        follow_ups.log(uow, actor=ann, lead=first, said=FollowUp("called"))
        pipeline.won(uow, actor=ann, lead=leads.access(uow, actor=ann, ref=refs[0]))
        assignments.release(uow, actor=ann, lead=second, reason="far")
    time.advance(hours=1)
    with database.begin(acme.org_id) as uow:
        facts = digests.build(uow, acme.department["north"], date(2026, 3, 4))
    north = next(pool for pool in facts.pools if pool.name == "North")
    assert (north.inflow, north.outflow, north.level) == (5, 3, 2)
    assert (facts.held, facts.due, facts.hoarded, facts.idle) == (2, 1, 1, 0)
    assert facts.best is not None
    assert (facts.best.name, facts.best.won) == ("Ann Li", 1)
    assert (facts.total.now.entered, facts.total.now.won) == (5, 1)


def test_a_past_day_is_told_as_it_was(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        ref = build.read(uow, build.lead(uow, acme, pool="north")).ref
    time.advance(days=1)
    with database.begin(acme.org_id) as uow:
        assignments.claim(uow, actor=members.get(uow, acme.member["ann"]), ref=ref)
    with database.begin(acme.org_id) as uow:
        past = digests.build(uow, acme.department["north"], date(2026, 3, 4))
    north = next(pool for pool in past.pools if pool.name == "North")
    assert (north.inflow, north.outflow, north.level, past.held) == (1, 0, 1, 0)


def test_a_member_who_sits_on_untouched_leads_is_named(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        for _ in range(6):
            build.lead(uow, acme, owner="bob", assigned_at=uow.now - timedelta(days=2))
        build.lead(uow, acme, owner="ann", assigned_at=uow.now - timedelta(days=2))
        facts = digests.build(uow, acme.department["north"], date(2026, 3, 4))
    assert facts.hoarder is not None
    assert (facts.hoarder.name, facts.hoarder.hoarded, facts.hoarded) == ("Bob Chen", 6, 7)


def test_advanced_leads_that_nobody_moves_are_named(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        still = uow.now - timedelta(days=12)
        build.lead(uow, acme, owner="ann", stage="quote", assigned_at=still, followed_up_at=still)
        build.lead(uow, acme, owner="ann", stage="new", assigned_at=still, followed_up_at=still)
        facts = digests.build(uow, acme.department["north"], date(2026, 3, 4))
    assert [(lead.stage, lead.days, lead.member) for lead in facts.stuck] == [("Quote", 12, "Ann Li")]


def test_the_company_has_a_digest_of_its_own(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme, owner="ann")
        build.lead(uow, acme, owner="cyd")
        facts = digests.build(uow, None, date(2026, 3, 4))
    assert (facts.name, facts.held, len(facts.pools)) == ("Acme", 2, 2)


def compared(key: str, now: tuple[int, int], before: tuple[int, int]) -> Compared:
    """Somebody's leads: entered and contacted, this week and the week before."""
    return Compared(key, key.title(), Funnel(now[0], now[1]), Funnel(before[0], before[1]))


def test_one_person_who_fell_while_others_rose_is_the_finding() -> None:
    reps = [
        compared("tom", (20, 6), (20, 17)),
        compared("ann", (20, 18), (20, 16)),
        compared("bob", (20, 17), (20, 16)),
    ]
    found = find(compared("", (60, 41), (60, 49)), reps, [])
    assert found is not None
    assert (found.kind, found.key, found.step, found.now, found.before) == ("person", "tom", "contacted", 0.3, 0.85)
    assert (found.others_now, found.others_before) == (35 / 40, 32 / 40)


def test_when_all_fell_the_source_that_pulled_them_down_is_the_finding() -> None:
    reps = [
        compared("ann", (40, 20), (40, 32)),
        compared("bob", (40, 22), (40, 32)),
        compared("cyd", (40, 21), (40, 33)),
    ]
    sources = [compared("ads", (60, 12), (60, 45)), compared("web", (60, 51), (60, 52))]
    found = find(compared("", (120, 63), (120, 97)), reps, sources)
    assert found is not None
    assert (found.kind, found.key, found.now, found.before) == ("source", "ads", 0.2, 0.75)


@pytest.mark.parametrize(
    "reps",
    [
        pytest.param([compared("tom", (5, 0), (5, 5)), compared("ann", (20, 18), (20, 16))], id="too few leads"),
        pytest.param([compared("tom", (20, 16), (20, 17)), compared("ann", (20, 18), (20, 16))], id="chance"),
        pytest.param([compared("tom", (20, 6), (20, 17))], id="nobody to compare with"),
    ],
)
def test_what_may_be_chance_is_no_finding(reps: list[Compared]) -> None:
    assert find(compared("", (25, 18), (25, 21)), reps, []) is None


def test_a_clock_that_was_set_far_ahead_and_back_costs_no_digest(database: Database, time: DrivenClock) -> None:
    acme = build.company(database)
    subscribe(database, acme, "18:00")
    time.set(build.NOW + timedelta(days=400))
    send(database, acme)
    time.set(build.NOW + timedelta(days=9))
    assert send(database, acme) == 0
    time.advance(days=1)
    assert send(database, acme) == 1
