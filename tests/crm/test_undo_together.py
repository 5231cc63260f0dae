"""What one command did to several leads goes back at once."""

import pytest

from crm.errors import BuiltUpon, MemberFull, NothingToUndo
from crm.services import (
    assignments,
    leads,
    undo,
)
from tests import build
from tests.crm.undo_kit import log, owned_for_a_day, remind
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


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
