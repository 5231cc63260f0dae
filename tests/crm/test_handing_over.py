"""Handing one colleague's leads to another: who may, and what moves."""

import pytest

from crm.errors import NotAllowed, NotYourTeam
from crm.services import assignments, members
from tests import build


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def lead(database, acme):
    """A lead of Ann's, who is in Mia's team."""
    with database.begin(acme.org_id) as uow:
        return build.lead(uow, acme, owner="ann")


def hand_over(database, acme, by):
    """What moved when somebody hands Ann's leads to Bob."""
    with database.begin(acme.org_id) as uow:
        actor, giver, to = (members.get(uow, acme.member[name]) for name in (by, "ann", "bob"))
        return assignments.transfer_all(uow, actor=actor, giver=giver, to=to)


@pytest.mark.parametrize("by", ["mia", "ada"])
def test_their_manager_or_an_admin_hands_them_over(database, acme, lead, by):
    assert hand_over(database, acme, by) == [lead]


@pytest.mark.parametrize(("by", "refusal"), [("max", NotYourTeam), ("ann", NotAllowed), ("cyd", NotAllowed)])
def test_nobody_else_takes_them_away(database, acme, lead, by, refusal):
    with pytest.raises(refusal):
        hand_over(database, acme, by)
    with database.begin(acme.org_id) as uow:
        assert build.read(uow, lead).owner_id == acme.member["ann"]
