"""Stages: where a lead stands, how it ends, and what a reopening gives back and takes."""

from decimal import Decimal

import pytest

from crm import errors
from crm.rules.arrival import Arrival
from crm.services import creation, pipeline, tasks
from tests import build
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


@pytest.fixture
def lead(desk):
    return desk.make(owner="ann")


def move(desk, lead, words, who="ann"):
    desk.does(
        who,
        lambda uow, actor, lead: pipeline.move(
            uow, actor=actor, lead=lead, stage=pipeline.find_stage(uow, lead.id, words)
        ),
        lead,
    )


def win(desk, lead, who="ann", **money):
    desk.does(who, lambda uow, actor, lead: pipeline.won(uow, actor=actor, lead=lead, **money), lead)


def credit(desk, lead):
    return desk.count(
        "select count(*) from credit where org_id = :org and lead_id = :id and voided_at is null", id=lead
    )


@pytest.mark.parametrize("words", ["quote", "Quote", "QUO", "报价", "报", "价", " quote "])
def test_a_stage_is_named_in_either_language_begun_or_ended(desk, lead, words):
    move(desk, lead, words)
    assert desk.state(lead)["stage"] == "quote"


@pytest.mark.parametrize("words", ["", "nonsense", "quotes of all"])
def test_an_unknown_stage_is_answered_with_those_there_are(desk, lead, words):
    with pytest.raises(errors.StageNotFound) as refusal:
        move(desk, lead, words)
    assert "Qualified" in refusal.value.data["names"]
    assert "有意向" in refusal.value.data["names_zh"]


def test_a_win_leaves_the_clocks_and_the_desk_and_writes_the_credit(desk, lead):
    move(desk, lead, "quote")
    win(desk, lead, amount=Decimal("12000.50"), currency="CNY")
    state = desk.state(lead)
    assert (state["status"], state["stage"], state["amount"]) == ("won", "won", Decimal("12000.50"))
    assert (state["recycle_at"], state["warn_at"]) == (None, None)
    assert state["closed_at"] == build.NOW
    assert desk.load("ann").held == 0
    whose = "select member_id from credit where org_id = :org and lead_id = :id"
    assert desk.count(whose, id=lead) == desk.acme.member["ann"]


def test_a_managers_win_is_the_owners_credit(desk, lead):
    win(desk, lead, "mia")
    whose = "select member_id from credit where org_id = :org and lead_id = :id"
    assert desk.count(whose, id=lead) == desk.acme.member["ann"]


def test_a_loss_keeps_its_reason_and_writes_no_credit(desk, lead):
    desk.does("ann", lambda uow, actor, lead: pipeline.lost(uow, actor=actor, lead=lead, reason=" too dear "), lead)
    assert (desk.state(lead)["status"], desk.state(lead)["lost_reason"]) == ("lost", "too dear")
    assert (desk.load("ann").held, credit(desk, lead)) == (0, 0)


def test_what_is_closed_reminds_of_nothing(desk, lead):
    at = build.NOW.replace(hour=9)
    desk.does("ann", lambda uow, actor, lead: tasks.remind(uow, actor=actor, lead=lead, at=at), lead)
    win(desk, lead)
    assert desk.open_tasks("ann") == []


@pytest.mark.parametrize("words", ["won", "成交", "lost", "输单"])
def test_moving_to_an_end_closes_the_lead(desk, lead, words):
    move(desk, lead, words)
    assert desk.state(lead)["status"] in {"won", "lost"}
    assert desk.load("ann").held == 0


def test_a_closed_lead_is_changed_by_reopening_only(desk, lead):
    win(desk, lead)
    with pytest.raises(errors.LeadClosed):
        win(desk, lead)
    move(desk, lead, "quote")
    state = desk.state(lead)
    assert (state["status"], state["stage"], state["closed_at"]) == ("open", "quote", None)
    assert (desk.load("ann").held, credit(desk, lead)) == (1, 0)
    assert state["recycle_at"] is not None


def test_a_reopened_lead_can_be_won_again_with_one_credit(desk, lead):
    win(desk, lead)
    move(desk, lead, "quote")
    win(desk, lead)
    assert credit(desk, lead) == 1


def full(desk, who):
    desk.does("ada", lambda uow, actor: build.rule_set(uow, "claim: {capacity: {default: 1}}"))
    desk.make(owner=who)


def test_a_full_desk_reopens_nothing(desk, lead):
    win(desk, lead)
    full(desk, "ann")
    with pytest.raises(errors.CapacityReached) as refusal:
        move(desk, lead, "quote")
    assert refusal.value.data == {"held": 1, "limit": 1}
    assert (desk.state(lead)["status"], credit(desk, lead)) == ("won", 1)


def test_a_manager_reads_whose_desk_is_full(desk, lead):
    win(desk, lead)
    full(desk, "ann")
    with pytest.raises(errors.MemberFull) as refusal:
        move(desk, lead, "quote", "mia")
    assert refusal.value.data == {"member_id": desk.acme.member["ann"], "held": 1, "limit": 1, "count": 1}


def test_a_self_sourced_lead_needs_no_room(desk):
    lead = desk.make(owner="ann", origin="self", pool=None)
    win(desk, lead)
    full(desk, "ann")
    move(desk, lead, "quote")
    assert (desk.state(lead)["status"], desk.load("ann").held) == ("open", 1)


@pytest.mark.parametrize("who", ["bob", "cyd"])
def test_a_colleagues_lead_is_not_moved(desk, lead, who):
    with pytest.raises(errors.LeadNotFound):
        move(desk, lead, "quote", who)


def test_of_one_customer_one_lead_is_open(desk):
    def enter(uow, actor):
        contact = Arrival(name="Zoe", phone="13800138000")
        return creation.new_lead(uow, actor=actor, contact=contact, origin="company").lead_id

    first = desk.does("ann", enter)
    win(desk, first)
    second = desk.does("bob", enter)
    with pytest.raises(errors.KnownOwned):
        move(desk, first, "quote")
    win(desk, second, "bob")
    move(desk, first, "quote")
    assert [desk.state(lead)["status"] for lead in (first, second)] == ["open", "won"]


def test_who_reopens_what_somebody_reopened_meanwhile_is_told(desk, lead):
    win(desk, lead)
    seen = desk.does("ann", lambda uow, actor, lead: lead, lead)
    move(desk, lead, "quote")
    with pytest.raises(errors.Conflict):
        desk.does(
            "ann",
            lambda uow, actor: pipeline.reopen(
                uow, actor=actor, lead=seen, stage=pipeline.find_stage(uow, seen.id, "new")
            ),
        )
    assert desk.load("ann").held == 1
