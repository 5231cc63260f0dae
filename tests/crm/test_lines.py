"""What follows a purchase: parked, then with its own people and a briefing, while who sold first keeps seeing it."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from crm.errors import LeadNotFound
from crm.rules import periods
from crm.rules.arrival import Arrival
from crm.services import (
    dispatch,
    follow_ups,
    funnel,
    intake,
    leads,
    lines,
    members,
    pipeline,
    rules_admin,
    sources,
    undo,
)
from crm.services.follow_ups import FollowUp
from tests import build

RULES = """
lines:
  repeat: {name: Repeat purchase, after_won: 30d, when: {field: amount, op: gte, value: 1000}}
dispatch:
- {name: repeats, when: {field: line, value: repeat}, to: {departments: [south]}}
- {name: first, when: {field: line, value: main}, to: {departments: [north]}}
"""


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


@pytest.fixture
def sold(database, acme):
    """Ann has sold something to a customer: the won lead's id."""
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann", phone="+8613800138000", product="Tea", stage="quote")
        ann = members.get(uow, acme.member["ann"])
        lead = leads.access_id(uow, actor=ann, lead_id=lead_id)
        follow_ups.log(uow, actor=ann, lead=lead, said=FollowUp(note="likes the white tea", outcome="interested"))
        win(uow, ann, lead_id)
        return lead_id


def win(uow, seller, lead_id, amount=8000):
    pipeline.won(uow, actor=seller, lead=leads.access_id(uow, actor=seller, lead_id=lead_id), amount=amount)


def following(database, acme, parent):
    with database.begin(acme.org_id) as uow:
        found = text("select id from lead where org_id = :o and parent_id = :p order by id desc limit 1")
        lead_id = uow.session.scalar(found, {"o": acme.org_id, "p": parent})
        return build.read(uow, lead_id) if lead_id else None


def passes(database, acme, time, **span):
    time.advance(**span)
    for _ in range(2):
        jobs.open_lines(database, acme.org_id)


def test_a_won_lead_is_followed_by_a_parked_one_that_counts_for_nobody(database, acme, sold):
    lead = following(database, acme, sold)
    assert (lead.status, lead.stage, lead.owner_id, lead.held_by) == ("open", "new", None, "nurture")
    assert (lead.seller_id, lead.product) == (acme.member["ann"], "Tea")
    assert lead.held_until == build.NOW + timedelta(days=30)
    with database.begin(acme.org_id) as uow:
        holding = text("select sum(holding) from rep_load where org_id = :o")
        assert uow.session.scalar(holding, {"o": acme.org_id}) == 0
        dispatch.dispatch(uow, lead.id)
        assert build.read(uow, lead.id).owner_id is None


def test_on_its_day_it_goes_to_its_own_people_although_the_seller_knows_the_customer(database, acme, sold, time):
    passes(database, acme, time, days=29)
    assert following(database, acme, sold).owner_id is None
    passes(database, acme, time, days=1)
    lead = following(database, acme, sold)
    assert lead.owner_id in (acme.member["cyd"], acme.member["dan"])
    told = "select kind, outcome, rule from decision where org_id = :o and lead_id = :l order by id"
    with database.begin(acme.org_id) as uow:
        rows = uow.session.execute(text(told), {"o": acme.org_id, "l": lead.id}).all()
    assert [tuple(row) for row in rows] == [
        ("line", "line_parked", "repeat"), ("line", "line_opened", "repeat"), ("dispatch", "assigned", "repeats"),
    ]  # fmt: skip


def test_the_funnel_counts_it_in_its_line_from_its_day(database, acme, sold, time):
    def entered():
        with database.begin(acme.org_id) as uow:
            span = periods.parse("90d", uow.now, members.zone("Asia/Shanghai"))
            report = funnel.report(uow, period=span, scope=funnel.Scope(), cut="line")
            return {row.name: row.now.entered for row in report.rows}

    time.advance(minutes=1)
    assert entered() == {"Main": 1}
    passes(database, acme, time, days=30)
    time.advance(minutes=1)
    assert entered() == {"Main": 1, "Repeat purchase": 1}


def test_the_new_owner_is_briefed(database, acme, sold, time):
    passes(database, acme, time, days=30)
    lead = following(database, acme, sold)
    with database.begin(acme.org_id) as uow:
        found = lines.briefing(uow, lead.id)
        assert (found.product, found.amount, found.seller, found.line) == ("Tea", 8000, "Ann Li", "Repeat purchase")
        assert found.won_at == build.NOW
        assert [note.words for note in found.notes] == ["likes the white tea"]
        assert lines.briefing(uow, sold) is None


def test_who_sold_first_keeps_seeing_it_and_nobody_else_of_that_team_does(database, acme, sold, time):
    passes(database, acme, time, days=30)
    lead = following(database, acme, sold)
    with database.begin(acme.org_id) as uow:
        ann, bob = (members.get(uow, acme.member[name]) for name in ("ann", "bob"))
        seen = leads.access_id(uow, actor=ann, lead_id=lead.id)
        assert (seen.mine, seen.masked) == (False, True)
        with pytest.raises(LeadNotFound):
            leads.access_id(uow, actor=bob, lead_id=lead.id)
        credit = uow.session.execute(
            text("select member_id, lead_id from credit where org_id = :o"), {"o": acme.org_id}
        )
        assert credit.all() == [(ann.id, sold)]


def test_a_customer_who_comes_in_again_wakes_it_and_opens_no_first_purchase(database, acme, sold, time):
    time.advance(days=5)
    with database.begin(acme.org_id) as uow:
        again = Arrival(name="Lu Wei", phone="13800138000")
        taken = intake.take_in(uow, source=sources.get(uow, acme.source_id), arrival=again)
    assert (taken.touched, taken.lead_id) == (True, following(database, acme, sold).id)
    passes(database, acme, time, minutes=1)
    assert following(database, acme, sold).owner_id in (acme.member["cyd"], acme.member["dan"])


def test_undoing_the_win_takes_the_parked_lead_away_once_nobody_has_touched_it(database, acme, sold, time):
    with database.begin(acme.org_id) as uow:
        undo.undo(uow, actor=members.get(uow, acme.member["ann"]))
    assert following(database, acme, sold).status == "void"
    passes(database, acme, time, days=31)
    assert following(database, acme, sold).owner_id is None


def test_what_is_won_in_the_following_line_is_followed_again(database, acme, sold, time):
    passes(database, acme, time, days=30)
    second = following(database, acme, sold)
    with database.begin(acme.org_id) as uow:
        win(uow, members.get(uow, second.owner_id), second.id)
    third = following(database, acme, second.id)
    assert (third.held_by, third.seller_id) == ("nurture", second.owner_id)


def test_small_purchases_are_not_followed_where_the_rules_say_so(database, acme):
    with database.begin(acme.org_id) as uow:
        lead_id = build.lead(uow, acme, owner="ann")
        win(uow, members.get(uow, acme.member["ann"]), lead_id, amount=10)
    assert following(database, acme, lead_id) is None


def test_a_following_line_is_there_as_soon_as_the_rules_are(database, time):
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        rules_admin.apply(uow, written=RULES)
        rules_admin.apply(uow, written=RULES.replace("Repeat purchase", "Again"))
        named = text("select key, name from line where org_id = :o order by id")
        assert uow.session.execute(named, {"o": acme.org_id}).all() == [("main", "Main"), ("repeat", "Again")]
        steps = text(
            "select count(*) from stage s join pipeline p on p.org_id = s.org_id and p.id = s.pipeline_id"
            " join line l on l.org_id = p.org_id and l.id = p.line_id where s.org_id = :o and l.key = 'repeat'"
        )
        assert uow.session.scalar(steps, {"o": acme.org_id}) == len(build.STAGES)
