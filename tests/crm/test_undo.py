"""Undo: what a rep did is taken back whole, for ten minutes, unless somebody built on it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.errors import AlreadyKnown, BuiltUpon, CapacityReached, MemberFull, NothingToUndo
from crm.rules.arrival import Arrival
from crm.services import (
    assignments,
    creation,
    follow_ups,
    importing,
    leads,
    pipeline,
    tasks,
    undo,
    warnings,
)
from crm.services.follow_ups import FollowUp
from tests import build
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def log(note="called", **said):
    return lambda uow, actor, lead: follow_ups.log(uow, actor=actor, lead=lead, said=FollowUp(note, **said))


def to_stage(key):
    return lambda uow, actor, lead: pipeline.move(
        uow, actor=actor, lead=lead, stage=pipeline.find_stage(uow, lead.id, key)
    )


def won(uow, actor, lead):
    pipeline.won(uow, actor=actor, lead=lead, amount=Decimal(900), currency="CNY")


def lost(uow, actor, lead):
    pipeline.lost(uow, actor=actor, lead=lead, reason="too dear")


def release(uow, actor, lead):
    assignments.release(uow, actor=actor, lead=lead, reason="not my region")


def extend(uow, actor, lead):
    warnings.extend(uow, actor=actor, lead=lead, reason="budget in May")


def remind(uow, actor, lead):
    return tasks.remind(uow, actor=actor, lead=lead, at=uow.now + timedelta(hours=5)).id


def enter(phone, origin="self"):
    return lambda uow, actor: creation.new_lead(
        uow, actor=actor, contact=Arrival(name="Zoe", company="Zen", phone=phone), origin=origin
    )


def owned_for_a_day(desk):
    """A lead that Ann has had for a day, with a follow-up, so that its clocks are running."""
    lead = desk.make(owner="ann")
    desk.does("ann", log("hello"), lead)
    desk.time.advance(days=1)
    return lead


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


def claim(uow, actor, lead):
    assignments.claim(uow, actor=actor, ref=lead.ref)


def note(uow, actor, lead):
    follow_ups.note(uow, actor=actor, lead=lead, words="speaks French")


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


def test_leads_claimed_together_go_back_together(desk):
    made = [desk.make(score=n) for n in range(3)]
    desk.does("ann", lambda uow, actor: assignments.claim_best(uow, actor=actor, many=3))
    desk.undoes("ann")
    assert [desk.state(lead)["owner_id"] for lead in made] == [None] * 3
    assert (desk.load("ann").held, desk.load("ann").today) == (0, 3)
    with pytest.raises(NothingToUndo):
        desk.undoes("ann")


def given(desk, made, to="ann"):
    colleague = desk.person(to)
    return desk.does(
        "mia",
        lambda uow, actor: assignments.assign_best(
            uow, actor=actor, to=colleague, found=leads.many(uow, actor=actor, lead_ids=made)
        ),
    )


def test_leads_given_together_go_back_together_and_the_colleague_is_told(desk):
    made = [desk.make(pool="north") for _ in range(3)]
    assert given(desk, made) == made
    desk.undoes("mia")
    assert [desk.state(lead)["owner_id"] for lead in made] == [None] * 3
    assert desk.load("ann").held == 0
    assert desk.owed("leads.moved_away") == [desk.acme.member["ann"]]


def transfer(desk, giver="ann", to="bob"):
    giver, to = desk.person(giver), desk.person(to)
    return desk.does("mia", lambda uow, actor: assignments.transfer_all(uow, actor=actor, giver=giver, to=to))


def test_a_transfer_is_undone_as_if_it_had_never_been(desk):
    made = [owned_for_a_day(desk), owned_for_a_day(desk)]
    task = desk.does("ann", remind, made[0])
    before, loads = [desk.state(lead) for lead in made], (desk.load("ann"), desk.load("bob"))
    transfer(desk)
    desk.undoes("mia")
    assert [desk.state(lead) for lead in made] == before
    assert (desk.load("ann"), desk.load("bob")) == loads
    assert desk.open_tasks("ann") == [task]
    assert desk.owed("leads.transferred") == [desk.acme.member["bob"], desk.acme.member["ann"]]


def test_of_a_transfer_stays_what_was_worked_on(desk):
    made = [desk.make(owner="ann") for _ in range(3)]
    transfer(desk)
    desk.does("bob", log(), made[1])
    undone = desk.does("mia", lambda uow, actor: undo.undo(uow, actor=actor))
    assert (undone.lead_ids, undone.kept_ids) == ([made[0], made[2]], [made[1]])
    owners = [desk.state(lead)["owner_id"] for lead in made]
    assert owners == [desk.acme.member[name] for name in ("ann", "bob", "ann")]
    assert (desk.load("ann").held, desk.load("bob").held) == (2, 1)


def test_a_transfer_stays_once_all_of_it_was_worked_on(desk):
    lead = desk.make(owner="ann")
    transfer(desk)
    desk.does("bob", log(), lead)
    with pytest.raises(BuiltUpon):
        desk.undoes("mia")


def test_a_transfer_cannot_go_back_to_a_full_desk(desk):
    desk.make(owner="ann")
    transfer(desk)
    desk.does("mia", lambda uow, actor: build.rule_set(uow, "claim: {capacity: {default: 1}}"))
    desk.make(owner="ann")
    with pytest.raises(MemberFull):
        desk.undoes("mia")
    assert (desk.load("ann").held, desk.load("bob").held) == (1, 1)


@pytest.mark.parametrize("owner", [None, "bob"])
def test_one_lead_that_was_given_goes_back_to_where_it_was(desk, owner):
    lead = desk.make(owner=owner, pool="north")
    ann = desk.person("ann")
    before = desk.state(lead)["owner_id"]
    desk.does("mia", lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=ann), lead)
    desk.undoes("mia")
    assert desk.state(lead)["owner_id"] == before


def test_the_undo_button_carries_the_change_of_its_own_lead(desk):
    lead, other = desk.make(owner="ann"), desk.make(owner="ann")
    activity = desk.does("ann", log(), lead)
    desk.time.advance(seconds=1)
    desk.does("ann", log(), other)
    assert desk.does("ann", lambda uow, actor: undo.undoable(uow, actor=actor, lead_id=lead)) == activity
    assert desk.load("ann").held == 2
