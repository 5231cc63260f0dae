"""Follow-ups: what one sentence changes, and what it must not."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm import errors
from crm.services import assignments, follow_ups, pipeline, tasks, timeline
from crm.services.follow_ups import FollowUp
from tests import build
from tests.desk import Desk

RULES = "recycle: [{name: quiet, no_follow_up: 7d}]\n"


@pytest.fixture
def desk(database, time):
    return Desk(database, time, RULES)


@pytest.fixture
def lead(desk):
    return desk.make(owner="ann")


def log(desk, lead, note="called", who="ann", **said):
    return desk.does(
        who, lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=FollowUp(note, **said)), lead
    )


def test_a_follow_up_begins_the_clock_anew_from_when_it_was_recorded(desk, lead):
    desk.time.advance(days=3)
    log(desk, lead, "visited her last week")
    state = desk.state(lead)
    assert state["followed_up_at"] == desk.time()
    assert state["recycle_at"] >= desk.time() + timedelta(days=6)


def test_the_first_contact_is_dated_once_and_moves_a_new_lead_on(desk, lead):
    log(desk, lead)
    desk.time.advance(days=1)
    log(desk, lead, "called again")
    assert (desk.state(lead)["contacted_at"], desk.state(lead)["stage"]) == (build.NOW, "contacted")


def test_a_step_in_the_words_moves_forward_only_and_closes_nothing(desk, lead):
    seen = []
    for step in ("qualified", "opportunity", "qualified", "won", "lost"):
        log(desk, lead, step=step)
        state = desk.state(lead)
        seen.append((state["stage"], state["status"]))
    assert seen == [("qualified", "open"), *[("quote", "open")] * 4]


@pytest.mark.parametrize("outcome", ["no_answer", "wrong_number"])
def test_who_was_not_reached_was_not_contacted(desk, lead, outcome):
    log(desk, lead, outcome=outcome)
    state = desk.state(lead)
    assert (state["contacted_at"], state["stage"], state["followed_up_at"]) == (None, "new", build.NOW)


def test_the_next_reminder_takes_the_place_of_the_earlier_one(desk, lead):
    log(desk, lead, next_at=build.NOW + timedelta(days=1), next_words="send the offer")
    [first] = desk.open_tasks("ann")
    log(desk, lead, next_at=build.NOW + timedelta(days=2))
    [second] = desk.open_tasks("ann")
    assert first != second
    words = "select words from task where org_id = :org and id = :id"
    assert (desk.count(words, id=first), desk.count(words, id=second)) == ("send the offer", "called")


def test_a_follow_up_without_a_time_leaves_the_reminder(desk, lead):
    log(desk, lead, next_at=build.NOW + timedelta(days=1))
    kept = desk.open_tasks("ann")
    log(desk, lead, "chatted")
    assert desk.open_tasks("ann") == kept


@pytest.mark.parametrize("outcome", ["wrong_number", "do_not_contact"])
def test_who_must_not_be_called_is_nobodys_reminder(desk, lead, outcome):
    log(desk, lead, next_at=build.NOW + timedelta(days=1))
    log(desk, lead, outcome=outcome, next_at=build.NOW + timedelta(days=2))
    assert desk.open_tasks("ann") == []
    assert desk.does("ann", lambda uow, actor, lead: lead.contact_state, lead) == outcome


def test_an_amount_and_a_stage_are_taken_along(desk, lead):
    log(desk, lead, "wants a quote", stage="quote", amount=Decimal(9000), currency="CNY")
    assert (desk.state(lead)["stage"], desk.state(lead)["amount"]) == ("quote", Decimal(9000))


def test_a_reminder_in_the_past_writes_nothing_at_all(desk, lead):
    before = desk.state(lead)
    with pytest.raises(errors.TimeInPast):
        log(desk, lead, next_at=build.NOW - timedelta(minutes=1))
    assert desk.state(lead) == before
    assert desk.count("select count(*) from activity where org_id = :org and verb = 'logged'") == 0


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [({"owner": "ann", "status": "lost"}, errors.LeadClosed), ({}, errors.LeadUnclaimed)],
)
def test_what_is_not_in_hand_is_not_logged(desk, facts, refusal):
    lead = desk.make(**facts)
    with pytest.raises(refusal):
        log(desk, lead)


def test_a_managers_follow_up_names_whom_it_is_for(desk, lead):
    activity = log(desk, lead, "called on her behalf", "mia")
    entry = desk.does("mia", lambda uow, actor: timeline.entry(uow, activity))
    assert (entry["actor"], entry["for"]) == ("Mia Manager", "Ann Li")


def test_a_note_moves_no_clock(desk, lead):
    log(desk, lead)
    before = desk.state(lead)
    desk.time.advance(days=1)
    desk.does("ann", lambda uow, actor, lead: follow_ups.note(uow, actor=actor, lead=lead, words="has a dog"), lead)
    assert desk.state(lead) == before
    newest = desk.does("ann", lambda uow, actor: timeline.entries(uow, lead, 1))[0]
    assert (newest["verb"], newest["words"]) == ("noted", "has a dog")


def test_a_lead_that_went_back_meanwhile_keeps_the_sentence_out(desk, lead):
    seen = desk.does("ann", lambda uow, actor, lead: lead, lead)
    desk.does("mia", lambda uow, actor, lead: assignments.release(uow, actor=actor, lead=lead, reason="x"), lead)
    with pytest.raises(errors.Conflict):
        desk.does("ann", lambda uow, actor: follow_ups.log(uow, actor=actor, lead=seen, said=FollowUp("late")))


def test_of_two_who_end_a_lead_at_once_one_is_told(desk, lead):
    seen = desk.does("ann", lambda uow, actor, lead: lead, lead)
    desk.does("mia", lambda uow, actor, lead: pipeline.lost(uow, actor=actor, lead=lead, reason="spam"), lead)
    with pytest.raises(errors.Conflict):
        desk.does("ann", lambda uow, actor: pipeline.won(uow, actor=actor, lead=seen))
    assert desk.does("ann", lambda uow, actor: tasks.open_ones(uow, actor=actor, until=desk.time(), whose="own")) == []
