"""A team's week as figures, from a history made for it, and when the card about it is owed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.db import Database
from crm.rules.health import Speed
from crm.services import assignments, dispatch, fairness, follow_ups, health, leads, members, rules_admin
from crm.services.follow_ups import FollowUp
from tests import build

RULES = """
recycle: [{name: calls, no_follow_up: 90d}]
dispatch:
- {name: north, to: {departments: [north]}, working_hours: false}
health: {idle: 10d}
"""
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)  # nine in Shanghai


@pytest.fixture
def database(own_url):
    """A database of this file's own, because a tick does what is due wherever it is."""
    made = Database(own_url, pool_size=6, statement_timeout_ms=20_000)
    yield made
    made.close()


@pytest.fixture
def acme(database, time):
    acme = build.company(database, rules=RULES)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update organization set health_at = null where id = :o"), {"o": acme.org_id})
    return acme


def week(database, acme, team=None):
    with database.begin(acme.org_id) as uow:
        return health.build(uow, department_id=acme.department[team] if team else None, until=uow.now)


def of(found, name):
    return next(rep for rep in found.reps if rep.name == build.PEOPLE[name][0])


def give(database, acme, name, many=1, **facts):
    with database.begin(acme.org_id) as uow:
        return [build.lead(uow, acme, owner=name, **facts) for _ in range(many)]


def act(database, acme, name, what):
    with database.begin(acme.org_id) as uow:
        return what(uow, members.get(uow, acme.member[name]))


def claim(database, acme, name):
    with database.begin(acme.org_id) as uow:
        ref = f"L-{build.read(uow, build.lead(uow, acme)).number}"
    return act(database, acme, name, lambda uow, me: assignments.claim(uow, actor=me, ref=ref).lead_id)


def log(database, acme, name, lead_id):
    def write(uow, me):
        follow_ups.log(uow, actor=me, lead=leads.access_id(uow, actor=me, lead_id=lead_id), said=FollowUp("spoke"))

    act(database, acme, name, write)


def drop(database, acme, name, lead_id):
    def give_back(uow, me):
        assignments.release(uow, actor=me, lead=leads.access_id(uow, actor=me, lead_id=lead_id), reason="no")

    act(database, acme, name, give_back)


def test_what_is_held_without_follow_up_is_hoarded(database, acme, time):
    give(database, acme, "ann", 6)
    give(database, acme, "ann", 3, origin="self", pool=None)
    worked = give(database, acme, "bob", 4)
    time.advance(days=11)
    for lead_id in worked[:3]:
        log(database, acme, "bob", lead_id)
    found = week(database, acme, "north")
    ann, bob = of(found, "ann"), of(found, "bob")
    assert (ann.held, ann.idle, ann.active) == (6, 6, 0)
    assert (bob.held, bob.idle, bob.active) == (4, 1, 3)
    assert [rep.name for rep in found.hoarders] == ["Ann Li"]


def test_claims_given_up_without_a_word_are_dropped(database, acme, time):
    spoken, silent, kept = (claim(database, acme, "ann") for _ in range(3))
    log(database, acme, "ann", spoken)
    time.advance(hours=1)
    for lead_id in (spoken, silent):
        drop(database, acme, "ann", lead_id)
    assert kept
    found = of(week(database, acme), "ann")
    assert (found.claimed, found.dropped) == (3, 1)
    time.advance(days=8)
    assert of(week(database, acme), "ann").claimed == 0


def test_the_speed_of_the_week_stands_beside_that_of_the_four_before(database, acme, time):
    for wait in (1, 1, 2):
        lead_id = claim(database, acme, "ann")
        time.advance(hours=wait)
        log(database, acme, "ann", lead_id)
    time.advance(days=10)
    quick = claim(database, acme, "ann")
    time.advance(hours=5)
    log(database, acme, "ann", quick)
    claim(database, acme, "ann")
    claim(database, acme, "bob")
    time.advance(hours=9)
    found = week(database, acme, "north")
    assert (found.now, found.before) == (Speed(3, 9 * HOUR), Speed(3, HOUR))
    assert week(database, acme, "south").now == Speed(0, None)


def deal(database, acme, many):
    with database.begin(acme.org_id) as uow:
        for _ in range(many):
            dispatch.dispatch(uow, build.lead(uow, acme))
    database.time.advance(minutes=1)


def set_capacity(database, acme, text_):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, RULES + text_)


def test_who_is_on_duty_and_gets_nothing_starves_with_what_kept_her(database, acme, time):
    set_capacity(database, acme, "claim: {capacity: {members: {Ann Li: 0}}}")
    deal(database, acme, 4)
    found = week(database, acme, "north")
    assert [(one.name, one.rule, one.why) for one in found.starving] == [("Ann Li", "north", "at_capacity")]
    assert week(database, acme, "south").starving == ()


def test_a_rule_that_deals_in_turn_is_fair(database, acme, time):
    deal(database, acme, 7)
    with database.begin(acme.org_id) as uow:
        (rule,) = fairness.of_rules(uow, start=uow.now - HOUR, until=uow.now)
    assert (rule.fairness.total, rule.fairness.least, rule.fairness.most, rule.starving) == (7, 3, 4, {})
    assert (rule.waits.many, rule.waits.longest) == (7, timedelta(0))


def owed(database, acme):
    with database.begin(acme.org_id) as uow:
        rows = text(
            "select member_id, due_at, card from message where org_id = :o and topic = 'health' order by due_at"
        )
        return uow.session.execute(rows, {"o": acme.org_id}).all()


def test_the_card_is_owed_to_managers_and_admins_on_the_day_once(database, acme, time):
    jobs.look_back(database, acme.org_id)
    assert owed(database, acme) == []
    time.advance(days=(MONDAY - time()).days, seconds=(MONDAY - time()).seconds - 1)
    jobs.look_back(database, acme.org_id)
    assert owed(database, acme) == []
    time.advance(seconds=1)
    jobs.serve(database, acme.org_id)
    jobs.serve(database, acme.org_id)
    team = {row.member_id: row.card["department"] for row in owed(database, acme)}
    assert team == {
        acme.member["mia"]: acme.department["north"], acme.member["max"]: acme.department["south"],
        acme.member["ada"]: None,
    }  # fmt: skip
    time.advance(days=7)
    jobs.look_back(database, acme.org_id)
    assert len(owed(database, acme)) == 6


def test_each_gets_it_in_the_morning_of_the_own_place(database, acme, time):
    with database.begin(acme.org_id) as uow:
        move = text("update member set timezone = :z where org_id = :o and id = :m")
        for name, zone in (("max", "Pacific/Kiritimati"), ("mia", "Pacific/Pago_Pago")):
            uow.session.execute(move, {"z": zone, "o": acme.org_id, "m": acme.member[name]})
    jobs.look_back(database, acme.org_id)
    for _ in range(4 * 7):
        time.advance(hours=6)
        jobs.look_back(database, acme.org_id)
    due = {row.member_id: row.due_at for row in owed(database, acme)}
    assert due == {
        acme.member["max"]: MONDAY - 6 * HOUR, acme.member["ada"]: MONDAY, acme.member["mia"]: MONDAY + 19 * HOUR,
    }  # fmt: skip


def test_after_a_long_silence_there_is_one_card(database, acme, time):
    jobs.look_back(database, acme.org_id)
    time.advance(days=24)
    jobs.look_back(database, acme.org_id)
    jobs.look_back(database, acme.org_id)
    assert len(owed(database, acme)) == 3


def test_another_day_in_the_rules_holds_from_the_next_tick_on(database, acme, time):
    jobs.look_back(database, acme.org_id)
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written='health: {day: thu, at: "12:30"}')
    jobs.look_back(database, acme.org_id)
    time.advance(days=1, hours=2, minutes=30)
    jobs.look_back(database, acme.org_id)
    assert len(owed(database, acme)) == 3
