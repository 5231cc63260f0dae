"""Neglected leads go back to a pool, with reason, history and notice, and never one that was just worked on."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from crm.errors import ExtensionsUsed, LeadNotYours, NotAllowed, OldCard, Refusal, SelfSourced
from crm.services import breaker, clocks, follow_ups, leads, members, recycling
from tests import build
from tests.rounds import rounds

RULES = """
recycle:
- name: contact
  no_first_contact: 24h
- name: calls
  no_follow_up: 7d
  to: north
warn: [1d, 2h]
breaker: {at_least: 4, share: 0.5}
"""
DAY = timedelta(days=1)


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def own(database, acme, owner="ann", **columns):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner=owner, **columns)
        clocks.restart(uow, [lead_id])
        return lead_id


def read(database, acme, lead_id):
    with database.begin(acme.org_id) as uow:
        return build.read(uow, lead_id)


def sql(database, acme, statement, **args):
    with database.begin(acme.org_id) as uow:
        return uow.session.execute(text(statement), {"o": acme.org_id} | args).all()


def actor(uow, acme, name):
    return members.get(uow, acme.member[name])


def test_a_due_lead_returns_to_its_pool_with_reason_and_history(database, acme, time):
    lead_id = own(database, acme)
    with database.begin(acme.org_id) as uow:
        build.task(uow, acme, "ann", due_at=uow.now, lead_id=lead_id)
    time.advance(days=1)
    assert recycling.sweep(database, acme.org_id) == 1
    lead = read(database, acme, lead_id)
    assert (lead.owner_id, lead.pool_id, lead.pool_entered_at) == (None, acme.pool["open"], time.at)
    assert (lead.recycle_at, lead.recycle_rule, lead.warn_at, lead.assigned_at) == (None, None, None, None)
    ended = sql(database, acme, "select ended_at, ended_by, reason from assignment where lead_id = :l", l=lead_id)
    assert ended == [(time.at, "recycled", "contact")]
    assert sql(database, acme, "select state from task where lead_id = :l", l=lead_id) == [("cancelled",)]
    assert sql(database, acme, "select holding from rep_load where member_id = :m", m=acme.member["ann"]) == [(0,)]
    told = sql(
        database, acme,
        "select a.verb, a.for_id, a.data->>'rule', d.outcome, d.rule"
        " from activity a join decision d on d.id = a.decision_id where a.lead_id = :l", l=lead_id,
    )  # fmt: skip
    assert told == [("recycled", acme.member["ann"], "contact", "recycled", "contact")]


def test_what_is_not_due_stays(database, acme, time):
    lead_id = own(database, acme)
    time.advance(hours=23, minutes=59)
    assert recycling.sweep(database, acme.org_id) == 0
    assert read(database, acme, lead_id).owner_id == acme.member["ann"]


def test_the_rule_names_the_pool(database, acme, time):
    lead_id = own(database, acme, contacted_at=build.NOW)
    time.advance(days=7)
    recycling.sweep(database, acme.org_id)
    assert read(database, acme, lead_id).pool_id == acme.pool["north"]


def test_one_card_for_each_rep_and_each_pool(database, acme, time):
    lost = [own(database, acme) for _ in range(3)]
    time.advance(days=1)
    recycling.sweep(database, acme.org_id)
    owed = sql(database, acme, "select topic, member_id, card from message where org_id = :o order by topic")
    run = sql(database, acme, "select id, counters from run where org_id = :o")[0]
    assert owed == [
        ("leads.recycled", acme.member["ann"], {"leads": lost, "run": run.id}),
        ("pool.recycled", None, {"pool": acme.pool["open"], "leads": lost, "run": run.id}),
    ]
    assert run.counters == {"taken": 3}


def test_many_leads_go_in_chunks(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, "recycle: [{name: calls, no_follow_up: 7d}]\nbreaker: {at_least: 1000}")
    for _ in range(7):
        own(database, acme)
    time.advance(days=7)
    assert recycling.sweep(database, acme.org_id, chunk=3) == 7
    assert sql(database, acme, "select counters from run where org_id = :o") == [({"taken": 7},)]


def test_a_second_run_finds_nothing_and_leaves_no_trace(database, acme, time):
    own(database, acme)
    time.advance(days=1)
    assert [recycling.sweep(database, acme.org_id) for _ in range(2)] == [1, 0]
    assert sql(database, acme, "select count(*) from run where org_id = :o") == [(1,)]


def test_a_self_sourced_lead_stays_for_ever(database, acme, time):
    lead_id = own(database, acme, origin="self", pool=None)
    time.advance(days=90)
    assert recycling.sweep(database, acme.org_id) == 0
    assert read(database, acme, lead_id).owner_id == acme.member["ann"]


def test_the_shown_countdown_is_the_enforced_one(database, acme, time):
    lead_id = own(database, acme)
    shown = read(database, acme, lead_id).recycle_at
    time.set(shown - timedelta(seconds=1))
    assert recycling.sweep(database, acme.org_id) == 0
    time.set(shown)
    assert recycling.sweep(database, acme.org_id) == 1


def test_a_follow_up_that_is_being_written_wins(database, acme, time):
    lead_id = own(database, acme)
    time.advance(days=1)
    with database.begin(acme.org_id) as uow:
        log(uow, acme, lead_id)
        assert recycling.sweep(database, acme.org_id) == 0
    assert recycling.sweep(database, acme.org_id) == 0
    assert read(database, acme, lead_id).owner_id == acme.member["ann"]


def log(uow, acme, lead_id):
    ann = actor(uow, acme, "ann")
    said = follow_ups.FollowUp("called", outcome="reached")
    return follow_ups.log(uow, actor=ann, lead=leads.access_id(uow, actor=ann, lead_id=lead_id), said=said)


def test_of_a_recycle_and_a_follow_up_at_once_exactly_one_happens(database, acme, time):
    for _ in range(rounds(short=20, full=500)):
        lead_id = own(database, acme)
        time.advance(days=1)
        logged = race(database, acme, lead_id)
        kept = read(database, acme, lead_id).owner_id == acme.member["ann"]
        assert kept == logged
        with database.begin(acme.org_id) as uow:
            uow.session.execute(text("update lead set status = 'void' where id = :l"), {"l": lead_id})


def race(database, acme, lead_id):
    """Recycle and log at the same moment; returns whether the follow-up was accepted."""
    start, accepted = Barrier(2), []

    def worker():
        start.wait()
        try:
            with database.begin(acme.org_id) as uow:
                log(uow, acme, lead_id)
            accepted.append(True)
        except Refusal:
            accepted.append(False)

    thread = Thread(target=worker)
    thread.start()
    start.wait()
    recycling.sweep(database, acme.org_id)
    thread.join()
    recycling.sweep(database, acme.org_id)
    return accepted[0]


def test_a_run_that_takes_too_much_of_a_team_asks_its_manager_once(database, acme, time):
    taken = [own(database, acme) for _ in range(4)] + [own(database, acme, owner="cyd")]
    time.advance(days=1)
    assert [recycling.sweep(database, acme.org_id) for _ in range(2)] == [1, 0]
    assert read(database, acme, taken[0]).owner_id == acme.member["ann"]
    owed = sql(database, acme, "select member_id, card from message where org_id = :o and topic = 'recycle.stopped'")
    assert [(row.member_id, row.card["due"], row.card["open"]) for row in owed] == [(acme.member["mia"], 4, 4)]


def ask(database, acme, time):
    for _ in range(4):
        own(database, acme)
    time.advance(days=1)
    recycling.sweep(database, acme.org_id)
    return sql(database, acme, "select id from run where org_id = :o and kind = 'recycle_stopped'")[0].id


def test_the_manager_lets_the_run_go_on(database, acme, time):
    run_id = ask(database, acme, time)
    with database.begin(acme.org_id) as uow:
        breaker.approve(uow, actor=actor(uow, acme, "mia"), run_id=run_id)
    assert recycling.sweep(database, acme.org_id) == 4


def test_the_manager_postpones(database, acme, time):
    run_id = ask(database, acme, time)
    with database.begin(acme.org_id) as uow:
        assert breaker.postpone(uow, actor=actor(uow, acme, "mia"), run_id=run_id) == 4
    assert recycling.sweep(database, acme.org_id) == 0
    due = {row.recycle_at for row in sql(database, acme, "select recycle_at from lead where org_id = :o")}
    assert due == {time.at + 3 * DAY}


@pytest.mark.parametrize(
    ("name", "again", "refusal"), [("max", False, NotAllowed), ("ann", False, NotAllowed), ("mia", True, OldCard)]
)
def test_only_a_manager_of_the_team_answers_and_once(database, acme, time, name, again, refusal):
    run_id = ask(database, acme, time)
    with database.begin(acme.org_id) as uow:
        [breaker.approve(uow, actor=actor(uow, acme, "mia"), run_id=run_id)] if again else None
    with pytest.raises(refusal), database.begin(acme.org_id) as uow:
        breaker.approve(uow, actor=actor(uow, acme, name), run_id=run_id)


def warned(database, acme):
    owed = "select topic, member_id from message where org_id = :o and topic like 'lead.warn%' order by id"
    names = {member_id: name for name, member_id in acme.member.items()}
    return [(row.topic, names[row.member_id]) for row in sql(database, acme, owed)]


def test_each_step_warns_once_and_the_last_one_tells_the_manager(database, acme, time):
    lead_id = own(database, acme, contacted_at=build.NOW)
    time.set(build.NOW + 6 * DAY)
    assert [recycling.warn(database, acme.org_id) for _ in range(2)] == [1, 0]
    assert warned(database, acme) == [("lead.warning", "ann")]
    time.set(read(database, acme, lead_id).warn_at)
    assert [recycling.warn(database, acme.org_id) for _ in range(2)] == [1, 0]
    assert warned(database, acme)[1:] == [("lead.warning", "ann"), ("lead.warning_copy", "mia")]
    assert read(database, acme, lead_id).warn_at is None


def test_of_steps_that_were_missed_only_the_last_is_sent(database, acme, time):
    own(database, acme, contacted_at=build.NOW)
    time.set(build.NOW + 7 * DAY - timedelta(minutes=5))
    recycling.warn(database, acme.org_id)
    assert warned(database, acme) == [("lead.warning", "ann"), ("lead.warning_copy", "mia")]


def test_nobody_is_warned_of_what_is_over(database, acme, time):
    own(database, acme, contacted_at=build.NOW)
    time.set(build.NOW + 8 * DAY)
    recycling.warn(database, acme.org_id)
    assert warned(database, acme) == []


def extend(database, acme, lead_id, name="ann"):
    with database.begin(acme.org_id) as uow:
        who = actor(uow, acme, name)
        lead = leads.access_id(uow, actor=who, lead_id=lead_id)
        return recycling.extend(uow, actor=who, lead=lead, reason="on holiday")


def test_an_extension_moves_the_clock_and_begins_a_new_ladder(database, acme, time):
    lead_id = own(database, acme, contacted_at=build.NOW)
    time.set(build.NOW + 6 * DAY)
    recycling.warn(database, acme.org_id)
    assert extend(database, acme, lead_id) == build.NOW + 10 * DAY
    assert read(database, acme, lead_id).warn_step == 0
    words = sql(database, acme, "select words from activity where lead_id = :l and verb = 'extended'", l=lead_id)
    assert words == [("on holiday",)]


def test_extensions_have_a_budget(database, acme):
    lead_id = own(database, acme)
    extend(database, acme, lead_id)
    extend(database, acme, lead_id)
    with pytest.raises(ExtensionsUsed) as refused:
        extend(database, acme, lead_id)
    assert (refused.value.data["used"], refused.value.data["limit"]) == (2, 2)


def test_only_the_owner_extends_and_only_what_has_a_clock(database, acme):
    theirs, mine = own(database, acme, owner="bob"), own(database, acme, origin="self", pool=None)
    with pytest.raises(SelfSourced):
        extend(database, acme, mine)
    with database.begin(acme.org_id) as uow:
        view = leads.access_id(uow, actor=actor(uow, acme, "mia"), lead_id=theirs)
        with pytest.raises(LeadNotYours):
            recycling.extend(uow, actor=actor(uow, acme, "ann"), lead=view)


# --- the breaker, team by team, and over a change of rules


def asked(database, acme):
    query = "select counters->>'team' as team from run where org_id = :o and kind = 'recycle_stopped' order by id"
    return [int(row.team) for row in sql(database, acme, query)]


def neglect(database, acme, owner, count):
    for _ in range(count):
        own(database, acme, owner=owner, contacted_at=build.NOW)


def test_one_team_is_asked_about_while_another_goes_on(database, time):
    acme = build.company(database, rules=RULES)
    neglect(database, acme, "ann", 4)
    neglect(database, acme, "cyd", 2)
    time.set(build.NOW + 8 * DAY)
    assert recycling.sweep(database, acme.org_id) == 2
    assert asked(database, acme) == [acme.department["north"]]


def answered(database, acme, verb, name):
    run = sql(database, acme, "select max(id) as id from run where org_id = :o and kind = 'recycle_stopped'")[0].id
    with database.begin(acme.org_id) as uow:
        getattr(breaker, verb)(uow, actor=actor(uow, acme, name), run_id=run)


def test_an_approval_holds_for_the_rules_under_which_it_was_asked(database, time):
    acme = build.company(database, rules=RULES)
    neglect(database, acme, "ann", 4)
    time.set(build.NOW + 8 * DAY)
    recycling.sweep(database, acme.org_id)
    answered(database, acme, "approve", "mia")
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, RULES.replace("7d", "1d"))
    assert recycling.sweep(database, acme.org_id) == 0
    assert asked(database, acme) == [acme.department["north"]] * 2
    answered(database, acme, "approve", "mia")
    assert recycling.sweep(database, acme.org_id) == 4


def test_a_card_from_before_the_rules_changed_is_old(database, time):
    acme = build.company(database, rules=RULES)
    neglect(database, acme, "ann", 4)
    time.set(build.NOW + 8 * DAY)
    recycling.sweep(database, acme.org_id)
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, RULES.replace("7d", "1d"))
    with pytest.raises(OldCard):
        answered(database, acme, "approve", "mia")


def test_the_manager_of_another_team_answers_for_nobody_else(database, time):
    acme = build.company(database, rules=RULES)
    neglect(database, acme, "ann", 4)
    time.set(build.NOW + 8 * DAY)
    recycling.sweep(database, acme.org_id)
    with pytest.raises(NotAllowed):
        answered(database, acme, "approve", "max")


def test_what_fills_no_capacity_is_taken_back_without_a_count(database, time):
    acme = build.company(database, rules="recycle: [{name: calls, no_follow_up: 7d}]\nbreaker: {at_least: 100}")
    own(database, acme, owner="ann", contacted_at=build.NOW)
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update lead set counts = false where org_id = :o"), {"o": acme.org_id})
    time.set(build.NOW + 8 * DAY)
    recycling.sweep(database, acme.org_id)
    assert sql(database, acme, "select max(holding) as most from rep_load where org_id = :o")[0].most == 1
