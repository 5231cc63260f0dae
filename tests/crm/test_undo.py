"""Undo: what a rep did is taken back whole, for ten minutes, unless somebody built on it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.errors import AlreadyKnown, BuiltUpon, CapacityReached, NothingToUndo
from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    digest_facts,
    follow_ups,
    importing,
    leads,
    tasks,
)
from tests import build
from tests.crm.undo_kit import claim, enter, extend, log, lost, note, owned_for_a_day, release, remind, to_stage, won
from tests.desk import Desk

FAR = build.NOW + timedelta(days=30)


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


@pytest.mark.parametrize(
    ("what", "verb"),
    [
        (log("called, no reminder", outcome="no_answer"), "logged"),
        (log("called", amount=Decimal(5), stage="quote"), "logged"),
        (to_stage("quote"), "stage"),
        (won, "won"),
        (lost, "lost"),
        (release, "released"),
        (extend, "extended"),
        (remind, "task_set"),
    ],
)
def test_everything_is_as_it_was(desk, what, verb):
    lead = owned_for_a_day(desk)
    before, load = desk.state(lead), desk.load("ann")
    desk.does("ann", what, lead)
    desk.time.advance(minutes=5)
    assert desk.undoes("ann") == (lead, verb)
    assert desk.state(lead) == before
    assert desk.load("ann") == load
    assert desk.open_tasks("ann") == []


def test_a_claim_goes_back_but_stays_counted(desk):
    lead = desk.make()
    desk.does("ann", lambda uow, actor, lead: assignments.claim(uow, actor=actor, ref=lead.ref), lead)
    assert desk.undoes("ann") == (lead, "claimed")
    assert desk.state(lead)["owner_id"] is None
    assert (desk.load("ann").held, desk.load("ann").today) == (0, 1)


def test_the_reminder_that_a_log_replaced_is_back(desk):
    lead = desk.make(owner="ann")
    first = desk.does("ann", remind, lead)
    desk.does("ann", log("called", next_at=desk.time() + timedelta(days=2)), lead)
    assert desk.open_tasks("ann") != [first]
    desk.undoes("ann")
    assert desk.open_tasks("ann") == [first]


def test_released_tasks_come_back_with_the_lead(desk):
    lead = desk.make(owner="ann")
    task = desk.does("ann", remind, lead)
    desk.does("ann", release, lead)
    assert desk.open_tasks("ann") == []
    desk.undoes("ann")
    assert desk.open_tasks("ann") == [task]


def test_done_and_snooze_are_undone(desk):
    lead = desk.make(owner="ann")
    task = desk.does("ann", remind, lead)
    desk.does("ann", lambda uow, actor: tasks.done(uow, actor=actor, task_id=task))
    assert desk.undoes("ann") == (lead, "task_done")
    assert desk.open_tasks("ann") == [task]
    later = desk.time() + timedelta(days=3)
    due = desk.count("select due_at from task where org_id = :org and id = :id", id=task)
    desk.does("ann", lambda uow, actor: tasks.move(uow, actor=actor, task_id=task, at=later))
    assert desk.undoes("ann") == (lead, "task_moved")
    assert desk.count("select due_at from task where org_id = :org and id = :id", id=task) == due


def test_who_must_not_be_called_may_be_called_again(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", log("wrong number", outcome="wrong_number"), lead)
    assert desk.does("ann", lambda uow, actor, lead: lead.contact_state, lead) == "wrong_number"
    desk.undoes("ann")
    assert desk.does("ann", lambda uow, actor, lead: lead.contact_state, lead) is None


def test_credit_is_void_once_the_win_is(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", won, lead)
    desk.undoes("ann")
    counted = "select count(*) from credit where org_id = :org and lead_id = :id and voided_at is null"
    assert desk.count(counted, id=lead) == 0


@pytest.mark.parametrize("what", [won, lost])
def test_the_ownership_that_ended_with_it_goes_on(desk, what):
    lead = owned_for_a_day(desk)
    desk.does("ann", what, lead)
    desk.undoes("ann")
    lines = "select count(*) from assignment where org_id = :org and lead_id = :id"
    assert desk.count(lines, id=lead) == desk.count(f"{lines} and ended_at is null and ended_by is null", id=lead) == 1
    best = desk.does("mia", lambda uow, actor: digest_facts.best(uow, department_id=None, start=build.NOW, until=FAR))
    assert best is None


def test_a_win_that_was_taken_up_again_is_the_best_only_when_that_is_undone(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", won, lead)
    desk.time.advance(minutes=1)
    desk.does("ann", to_stage("quote"), lead)
    best = lambda uow, actor: digest_facts.best(uow, department_id=None, start=build.NOW, until=FAR)  # noqa: E731
    assert desk.does("mia", best) is None
    desk.undoes("ann")
    assert desk.does("mia", best).won == 1


def test_a_reopened_lead_is_won_again_with_its_credit(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", won, lead)
    closed = desk.state(lead)
    desk.does("ann", to_stage("quote"), lead)
    assert desk.load("ann").held == 1
    assert desk.undoes("ann") == (lead, "reopened")
    assert desk.state(lead) == closed
    assert desk.load("ann").held == 0
    counted = "select count(*) from credit where org_id = :org and lead_id = :id and voided_at is null"
    assert desk.count(counted, id=lead) == 1


@pytest.mark.parametrize("origin", ["self", "company"])
def test_a_lead_entered_by_mistake_leaves_the_lists(desk, origin):
    made = desk.does("ann", enter("13800138001", origin))
    assert desk.undoes("ann") == (made.lead_id, "created")
    assert desk.state(made.lead_id)["status"] == "void"
    assert desk.load("ann").held == 0
    assert desk.does("ann", lambda uow, actor: leads.mine(uow, actor=actor)) == []


def test_what_was_entered_wrongly_as_the_companys_can_be_entered_as_ones_own(desk):
    desk.does("ann", enter("13800138002", "company"))
    desk.undoes("ann")
    again = desk.does("ann", enter("13800138002", "self"))
    with pytest.raises(AlreadyKnown):
        desk.does(
            "ann", lambda uow, actor, lead: lost(uow, actor, lead) or enter("13800138002")(uow, actor), again.lead_id
        )


def confirmed_list(desk):
    rows = [Arrival(name=f"Person {n}", phone=f"1390013900{n}") for n in range(3)]
    job = desk.does("ann", lambda uow, actor: importing.preview(uow, actor=actor, rows=rows).id)
    return desk.does("ann", lambda uow, actor: importing.confirm(uow, actor=actor, job_id=job).counters["leads"])


def test_a_pasted_list_goes_as_a_whole(desk):
    made = confirmed_list(desk)
    desk.undoes("ann")
    assert [desk.state(lead)["status"] for lead in made] == ["void"] * 3


def test_of_a_list_stays_what_was_worked_on(desk):
    made = confirmed_list(desk)
    desk.time.advance(seconds=1)
    desk.does("ann", log(), made[0])
    desk.undoes("ann")
    desk.time.advance(seconds=1)
    desk.does("ann", to_stage("quote"), made[1])
    last = desk.count("select id from activity where org_id = :org and lead_id = :id and verb = 'created'", id=made[2])
    desk.undoes("ann", last)
    assert [desk.state(lead)["status"] for lead in made] == ["void", "open", "void"]


def test_after_ten_minutes_it_stands(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", log(), lead)
    desk.time.advance(minutes=10)
    with pytest.raises(NothingToUndo) as refusal:
        desk.undoes("ann")
    assert refusal.value.data == {"minutes": 10}


def test_nobody_undoes_what_a_colleague_did(desk):
    lead = desk.make(owner="ann")
    activity = desk.does("ann", log(), lead)
    for other in ("bob", "mia"):
        with pytest.raises(NothingToUndo):
            desk.undoes(other, activity)


def test_it_stands_once_somebody_built_on_it(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", log(), lead)
    desk.does("mia", to_stage("quote"), lead)
    with pytest.raises(BuiltUpon) as refusal:
        desk.undoes("ann")
    assert refusal.value.data["ref"].startswith("L-")


def test_a_released_lead_that_a_colleague_took_stays_with_the_colleague(desk):
    lead = desk.make(owner="ann", pool="north")
    desk.does("ann", release, lead)
    desk.does("bob", lambda uow, actor, lead: assignments.claim(uow, actor=actor, ref=lead.ref), lead)
    with pytest.raises(BuiltUpon):
        desk.undoes("ann")


def test_the_same_change_is_undone_once(desk):
    lead = desk.make(owner="ann")
    activity = desk.does("ann", log(), lead)
    desk.undoes("ann", activity)
    with pytest.raises(NothingToUndo):
        desk.undoes("ann", activity)


def test_changes_are_undone_one_after_the_other(desk):
    lead = owned_for_a_day(desk)
    before = desk.state(lead)
    desk.does("ann", log("asked for a quote"), lead)
    desk.time.advance(seconds=1)
    desk.does("ann", to_stage("quote"), lead)
    assert [desk.undoes("ann"), desk.undoes("ann")] == [(lead, "stage"), (lead, "logged")]
    assert desk.state(lead) == before


def test_releasing_and_undoing_wins_no_time(desk):
    lead = owned_for_a_day(desk)
    deadline = desk.state(lead)["recycle_at"]
    desk.does("ann", release, lead)
    desk.undoes("ann")
    assert desk.state(lead)["recycle_at"] == deadline


def test_a_managers_release_is_undone_for_the_owner(desk):
    lead = desk.make(owner="ann")
    desk.does("mia", release, lead)
    assert desk.load("ann").held == 0
    desk.undoes("mia")
    assert desk.state(lead)["owner_id"] == desk.acme.member["ann"]


def test_a_full_desk_takes_nothing_back(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", lost, lead)
    desk.does("ann", lambda uow, actor: build.rule_set(uow, "claim: {capacity: {default: 1}}"))
    desk.make(owner="ann")
    with pytest.raises(CapacityReached) as refusal:
        desk.undoes("ann")
    assert refusal.value.data == {"held": 1, "limit": 1}


def test_a_lost_lead_stays_lost_once_the_customer_is_back_with_another(desk):
    first = desk.does("ann", enter("13800138009"))
    desk.does("ann", lost, first.lead_id)
    desk.does("ann", enter("13800138009", "company"))
    ended = desk.count(
        "select id from activity where org_id = :org and lead_id = :id and verb = 'lost'", id=first.lead_id
    )
    with pytest.raises(BuiltUpon):
        desk.undoes("ann", ended)


def test_follow_ups_that_are_undone_built_nothing(desk):
    lead = desk.make(pool="north")
    desk.does("ann", claim, lead)
    for words in ("called", "called again", "and again"):
        desk.time.advance(seconds=1)
        desk.does("ann", log(words), lead)
    assert [desk.undoes("ann")[1] for _ in range(4)] == ["logged", "logged", "logged", "claimed"]
    assert desk.state(lead)["owner_id"] is None


def test_a_colleagues_note_builds_nothing(desk):
    lead = desk.make(pool="north")
    desk.does("ann", claim, lead)
    desk.does("mia", note, lead)
    assert desk.undoes("ann") == (lead, "claimed")
    assert desk.undoes("mia") == (lead, "noted")


def test_a_note_is_undone_after_a_follow_up_which_stays(desk):
    lead = desk.make(owner="ann")
    noted = desk.does("ann", lambda uow, actor, lead: follow_ups.note(uow, actor=actor, lead=lead, words="x"), lead)
    desk.does("ann", log(), lead)
    before = desk.state(lead)
    assert desk.undoes("ann", noted) == (lead, "noted")
    assert desk.state(lead) == before
    assert desk.undoes("ann") == (lead, "logged")
