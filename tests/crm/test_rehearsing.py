"""A rehearsal says who would lose or get which leads, writes nothing else, and is applied only to what it was about."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import NotAllowed, OldCard, RuleSetInvalid
from crm.rules.ruleset import Rules
from crm.services import clocks, dealing, members, rehearsing, rehearsing_clocks, rules_admin
from tests import build

WEEK = "recycle: [{name: calls, no_follow_up: 7d}]\n"
MONTH, TWO_DAYS = WEEK.replace("7d", "30d"), WEEK.replace("7d", "2d")
NORTH = "dispatch: [{name: all, to: {departments: [north]}, working_hours: false}]\n"
EVERYBODY = NORTH.replace("north", "company")


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=WEEK)


def lead(database, acme, *, days=0, **facts):
    """A lead whose owner has had it for so many days."""
    with database.begin(acme.org_id) as uow:
        found = build.lead(uow, acme, assigned_at=uow.now - timedelta(days=days), **facts)
        clocks.restart(uow, [found])
        return found


def rehearse(database, acme, written, name="mia"):
    with database.begin(acme.org_id) as uow:
        actor = members.get(uow, acme.member[name])
        return rehearsing.start(uow, written=written, actor=actor)


def test_leads_that_would_go_are_named_with_owner_rule_and_time(database, acme):
    old, fresh = lead(database, acme, owner="ann", days=4), lead(database, acme, owner="bob", days=0)
    made = rehearse(database, acme, TWO_DAYS)
    found = made.result["clocks"]
    assert (found["now"], found["week"], found["lost"], found["saved"]) == ([0, 1], [2, 2], 1, 0)
    assert found["owners"] == [
        {"member": acme.member["ann"], "now": [0, 1], "week": [1, 1], "owned": [1]},
        {"member": acme.member["bob"], "now": [0, 0], "week": [1, 1], "owned": [1]},
    ]
    assert [row["lead"] for row in found["losing"]] == [old]
    assert fresh not in [row["lead"] for row in found["staying"]]


def test_a_stricter_rule_names_who_loses_and_a_milder_one_who_keeps(database, acme):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, MONTH)
    found = lead(database, acme, owner="ann", days=4)
    stricter = rehearse(database, acme, WEEK).result["clocks"]
    assert [(row["lead"], row["member"], row["rule"]) for row in stricter["losing"]] == [
        (found, acme.member["ann"], "calls")
    ]
    assert stricter["teams"] == [{"team": acme.department["north"], "now": [0, 0], "week": [0, 1], "owned": [1]}]
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, WEEK)
        clocks.restart(uow, [found])
    milder = rehearse(database, acme, MONTH).result["clocks"]
    assert (milder["saved"], [row["lead"] for row in milder["staying"]]) == (1, [found])


@pytest.mark.parametrize("change", ["undo_minutes: 11\n", "task_hold: {cap: 15d}\n"])
def test_rules_that_move_no_clock_show_what_is_coming_anyway(database, acme, change):
    lead(database, acme, owner="ann", days=4)
    lead(database, acme, owner="ann", days=8)
    clocks_ = rehearse(database, acme, WEEK + change).result["clocks"]
    assert (clocks_["now"], clocks_["week"], clocks_["lost"], clocks_["saved"]) == ([1, 1], [2, 2], 0, 0)
    assert clocks_["owners"] == [{"member": acme.member["ann"], "now": [1, 1], "week": [2, 2], "owned": [2]}]


def test_what_moves_no_clock_is_named_as_in_the_rules():
    assert set(rehearsing_clocks._ELSE) <= set(Rules.model_fields)


def test_what_is_rehearsed_is_what_happens(database, acme):
    leads = [lead(database, acme, owner=owner, days=days) for owner in ("ann", "bob") for days in (1, 3, 5)]
    foretold = rehearse(database, acme, TWO_DAYS)
    with database.begin(acme.org_id) as uow:
        rehearsing.apply(uow, actor=members.get(uow, acme.member["mia"]), rehearsal_id=foretold.id)
    jobs.refresh_deadlines(database, org_id=acme.org_id)
    with database.begin(acme.org_id) as uow:
        due = [one for one in leads if build.read(uow, one).recycle_at <= uow.now]
    assert foretold.result["clocks"]["now"][1] == len(due) == 4


def test_members_beyond_a_new_capacity_are_named(database, acme):
    for _ in range(3):
        lead(database, acme, owner="ann")
    over = rehearse(database, acme, "claim: {capacity: {default: 2}}\n").result["over"]
    assert over == {"before": 0, "after": 1, "members": [{"member": acme.member["ann"], "holding": 3, "cap": 2}]}


def deal(database, acme, time, many, **facts):
    """So many leads come in, an hour apart, and are dealt by the rules in force."""
    for _ in range(many):
        with database.begin(acme.org_id) as uow:
            dealing.deal(uow, [build.lead(uow, acme, **facts)])
        time.advance(hours=1)


def test_the_last_month_is_dealt_again_by_the_new_rules(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, NORTH)
    deal(database, acme, time, 8)
    turns = rehearse(database, acme, EVERYBODY).result["turns"]
    named = {row["member"]: (row["got"], row["would"], row["due"]) for row in turns["members"]}
    assert named == {
        acme.member["ann"]: (4, 2, 2.0), acme.member["bob"]: (4, 2, 2.0),
        acme.member["cyd"]: (0, 2, 2.0), acme.member["dan"]: (0, 2, 2.0),
    }  # fmt: skip
    assert (turns["leads"], turns["before"], turns["after"]["dealt"]) == (8, {"assigned": 8}, 8)
    assert (turns["fairness"], turns["starving"]) == ([1.0, 1.0], [])


def test_the_same_rules_would_deal_what_they_dealt(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, NORTH)
    deal(database, acme, time, 7)
    turns = rehearse(database, acme, NORTH).result["turns"]
    assert [row["got"] for row in turns["members"]] == [row["would"] for row in turns["members"]]


def test_leads_that_fit_no_rule_would_lie_in_the_pool(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, NORTH)
    deal(database, acme, time, 2, region="East")
    deal(database, acme, time, 3, region="West")
    east = "dispatch: [{name: all, when: {field: region, value: East}, working_hours: false}]\n"
    after = rehearse(database, acme, east).result["turns"]["after"]
    assert (after["dealt"], after["pooled"]) == (2, 3)


def test_leads_that_come_at_night_would_wait_for_the_morning(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, NORTH)
    time.advance(hours=9)  # 19:00 in Shanghai
    deal(database, acme, time, 2)
    time.advance(hours=14)
    by_day = NORTH.replace("working_hours: false", "nobody: hold")
    turns = rehearse(database, acme, by_day).result["turns"]
    assert turns["after"]["dealt"] == 2
    assert turns["waits"][1] == {"many": 2, "median": 13.5 * 3600, "longest": 14 * 3600}


def test_nobody_would_be_dealt_more_than_a_cap_allows(database, acme, time):
    with database.begin(acme.org_id) as uow:
        build.rule_set(uow, NORTH)
    deal(database, acme, time, 10)
    capped = NORTH.replace("working_hours: false", "working_hours: false, caps: {per_day: 2}")
    turns = rehearse(database, acme, capped).result["turns"]
    assert (turns["after"]["dealt"], turns["after"]["pooled"]) == (4, 6)


def test_counting_writes_nothing_but_its_result(database, acme):
    lead(database, acme, owner="ann", days=5)
    before = everything(database, acme)
    rehearse(database, acme, TWO_DAYS)
    assert everything(database, acme) == before


def everything(database, acme):
    """The rows that a rehearsal could have touched."""
    with database.begin(acme.org_id) as uow:
        return [
            uow.session.execute(text(f"select * from {table} where org_id = :o order by 2"), {"o": acme.org_id}).all()
            for table in (
                "lead",
                "rep_load",
                "assignment",
                "decision",
                "message",
                "rule_set",
                "rule_cursor",
                "activity",
            )
        ]


def test_a_card_that_is_still_to_be_drawn_when_all_is_counted_is_the_only_one(database, acme, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    lead(database, acme, owner="ann", days=5)
    asked = rehearse(database, acme, TWO_DAYS)
    jobs.rehearse(database, org_id=acme.org_id, rehearsal_id=asked.id)
    with database.begin(acme.org_id) as uow:
        told = uow.session.execute(text("select key from message where org_id = :o"), {"o": acme.org_id}).all()
        assert told == [(f"rehearsing:{asked.id}",)]


def test_a_large_organization_is_counted_by_a_job_that_tells_who_asked(database, acme, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 1)
    lead(database, acme, owner="ann", days=5), lead(database, acme, owner="ann", days=1)
    asked = rehearse(database, acme, TWO_DAYS)
    assert asked.state == "counting"
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text("update message set state = 'sent', attempt = 1 where topic = 'rules.rehearsed'"))
    jobs.rehearse(database, org_id=acme.org_id, rehearsal_id=asked.id)
    jobs.rehearse(database, org_id=acme.org_id, rehearsal_id=asked.id)
    with database.begin(acme.org_id) as uow:
        told = uow.session.execute(text("select topic, member_id, card from message where topic = 'rules.rehearsed'"))
        assert told.all() == [("rules.rehearsed", acme.member["mia"], {"rehearsal": asked.id})] * 2
        assert rehearsing.get(uow, asked.id).result["clocks"]["now"] == [0, 1]


def test_what_is_thrown_away_while_it_is_counted_stays_away(database, acme, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    lead(database, acme, owner="ann", days=5)
    asked = rehearse(database, acme, TWO_DAYS)

    def throw_away(trial, found):
        with database.begin(acme.org_id) as uow:
            rehearsing.discard(uow, actor=members.get(uow, acme.member["mia"]), rehearsal_id=asked.id)

    monkeypatch.setattr(
        rehearsing.rehearsing_clocks, "chunk", lambda trial, found, after, many: throw_away(trial, found)
    )
    jobs.rehearse(database, org_id=acme.org_id, rehearsal_id=asked.id)
    with database.begin(acme.org_id) as uow:
        assert rehearsing.get(uow, asked.id).state == "discarded"
        told = text("select count(*) from message where topic = 'rules.rehearsed' and org_id = :o")
        assert uow.session.scalar(told, {"o": acme.org_id}) == 1, "the card that announced it, and no other"


def test_a_job_that_counts_cannot_write(database, acme, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 1)
    lead(database, acme, owner="ann", days=5), lead(database, acme, owner="ann", days=1)
    monkeypatch.setattr(rehearsing.rehearsing_clocks, "chunk", lambda trial, found, after, many: scribble(trial))
    asked = rehearse(database, acme, TWO_DAYS)
    with pytest.raises(Exception, match="read-only transaction"):
        rehearsing.count(partial(database.begin, acme.org_id), asked.id)


def scribble(trial):
    trial.session.execute(text("update lead set score = 1 where org_id = :o"), {"o": trial.org_id})


def test_what_was_rehearsed_is_applied_once(database, acme):
    asked = rehearse(database, acme, TWO_DAYS)
    with database.begin(acme.org_id) as uow:
        mia = members.get(uow, acme.member["mia"])
        done = rehearsing.apply(uow, actor=mia, rehearsal_id=asked.id)
        assert (done.state, rules_admin.present(uow)) == ("applied", TWO_DAYS)
        with pytest.raises(OldCard):
            rehearsing.apply(uow, actor=mia, rehearsal_id=asked.id)


def test_what_was_rehearsed_against_other_rules_is_not_applied(database, acme):
    asked = rehearse(database, acme, TWO_DAYS)
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written=MONTH)
    with database.begin(acme.org_id) as uow:
        mia = members.get(uow, acme.member["mia"])
        found = rehearsing.apply(uow, actor=mia, rehearsal_id=asked.id)
        assert (found.state, found.outdated, rules_admin.present(uow)) == ("done", True, MONTH)
        anew = rehearsing.again(uow, actor=mia, rehearsal_id=asked.id)
        assert rehearsing.apply(uow, actor=mia, rehearsal_id=anew.id).state == "applied"


def test_what_was_thrown_away_cannot_be_applied(database, acme):
    asked = rehearse(database, acme, TWO_DAYS)
    with database.begin(acme.org_id) as uow:
        mia = members.get(uow, acme.member["mia"])
        assert rehearsing.discard(uow, actor=mia, rehearsal_id=asked.id).state == "discarded"
        with pytest.raises(OldCard):
            rehearsing.apply(uow, actor=mia, rehearsal_id=asked.id)


def test_a_rep_rehearses_and_applies_nothing(database, acme):
    asked = rehearse(database, acme, TWO_DAYS)
    with pytest.raises(NotAllowed):
        rehearse(database, acme, MONTH, name="ann")
    with database.begin(acme.org_id) as uow:
        ann = members.get(uow, acme.member["ann"])
        with pytest.raises(NotAllowed):
            rehearsing.apply(uow, actor=ann, rehearsal_id=asked.id)
        with pytest.raises(NotAllowed):
            rehearsing.discard(uow, actor=ann, rehearsal_id=asked.id)


def test_mistakes_are_told_before_anything_is_counted(database, acme):
    with pytest.raises(RuleSetInvalid):
        rehearse(database, acme, "claim: {per_dya: 3}")
    with database.begin(acme.org_id) as uow:
        assert uow.session.scalar(text("select count(*) from rehearsal")) == 0
