"""A customer who is set aside: nobody works the leads until an admin ends that; only admins may note something."""

from datetime import timedelta

import pytest

from crm.errors_of_privacy import PersonSetAside
from crm.services import (
    asking,
    assignments,
    holding,
    restricting,
    sharing,
)
from tests.crm.undo_kit import claim, log, lost, note, release, remind, to_stage, won
from tests.desk import Desk


@pytest.fixture
def desk(database, time):
    return Desk(database, time)


def set_aside(desk, **facts):
    lead = desk.make(**facts)
    desk.does("ada", aside, lead)
    return lead


def aside(uow, actor, lead):
    restricting.stop(uow, person_id=lead.person_id, ref=lead.ref, actor=actor, reason="a dispute")


def ask(uow, actor, lead, colleague):
    asking.ask(uow, actor=actor, lead=lead, colleague=colleague, words="is it urgent?")


def hold(uow, actor, lead):
    holding.hold(uow, actor=actor, lead=lead, until=uow.now + timedelta(days=1), reason="wait")


def unhold(uow, actor, lead):
    holding.unhold(uow, actor=actor, lead=lead)


DEEDS = (
    ("ann", log("called")), ("ann", remind), ("ann", to_stage("quote")), ("ann", won), ("ann", lost), ("ann", release),
    ("ann", note), ("mia", hold), ("mia", unhold),
)  # fmt: skip


def test_nobody_works_it(desk):
    lead = set_aside(desk, owner="ann")
    for who, work in DEEDS:
        with pytest.raises(PersonSetAside):
            desk.does(who, work, lead)


@pytest.mark.parametrize("owner", [None, "ann"])
def test_nobody_is_given_or_shown_it(desk, owner):
    lead, bob = set_aside(desk, owner=owner), desk.person("bob")
    with pytest.raises(PersonSetAside):
        desk.does("mia", lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=bob), lead)
    with pytest.raises(PersonSetAside):
        desk.does("mia", lambda uow, actor, lead: sharing.share(uow, actor=actor, lead=lead, colleague=bob), lead)
    with pytest.raises(PersonSetAside):
        desk.does(
            "mia", lambda uow, actor, lead: asking.ask(uow, actor=actor, lead=lead, colleague=bob, words="?"), lead
        )


def test_nobody_claims_it(desk):
    lead = set_aside(desk)
    with pytest.raises(PersonSetAside):
        desk.does("bob", claim, lead)


def test_what_was_won_is_not_taken_up_again(desk):
    lead = desk.make(owner="ann")
    desk.does("ann", won, lead)
    desk.does("ada", aside, lead)
    with pytest.raises(PersonSetAside):
        desk.does("ann", to_stage("quote"), lead)


def test_an_admin_may_note_and_let_work_go_on(desk):
    lead = set_aside(desk, owner="ann")
    desk.does("ada", note, lead)
    desk.does(
        "ada",
        lambda uow, actor, lead: restricting.resume(uow, person_id=lead.person_id, ref=lead.ref, actor=actor),
        lead,
    )
    assert desk.does("ann", log("called"), lead)


def test_it_stays_where_it_is_when_all_of_somebodys_leads_are_handed_over(desk):
    lead, other = set_aside(desk, owner="ann"), desk.make(owner="ann")
    ann, bob = desk.person("ann"), desk.person("bob")
    moved = desk.does("mia", lambda uow, actor: assignments.transfer_all(uow, actor=actor, giver=ann, to=bob))
    assert moved == [other]
    assert desk.state(lead)["owner_id"] == ann.id
