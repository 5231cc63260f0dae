"""Colleagues as Slack tells of them: events in and a comparison each night, seen in members and teams."""

import pytest
from sqlalchemy import text

from bot.contacts import Contacts
from bot.platforms.base import Throttled
from bot.platforms.slack_directory import SlackDirectory, colleague_of
from tests.doubles.slack_http import throttled
from tests.webhooks.test_slack_loop import House, bot, house, server

__all__ = ["bot", "house", "server"]

STANDING = "select name, active, role, department_id, email from member where org_id = :o and id = :m"


def tells(house: House, user: str, kind: str = "user_change", **facts: object) -> None:
    """Slack tells that somebody has changed."""
    profile = {name: facts.pop(name) for name in ("real_name", "email") if name in facts}
    person = {"id": user, "name": user.lower(), "deleted": False, "is_bot": False, "profile": profile, **facts}
    assert house.wire.push(house.wire.event({"type": kind, "user": person})).status_code == 200
    house.run_jobs()


def standing(house: House, name: str):
    with house.database.begin(house.acme.org_id) as uow:
        row = uow.session.execute(text(STANDING), {"o": uow.org_id, "m": house.acme.member[name]}).one()
        return tuple(row)


def names(house: House) -> set[str]:
    with house.database.begin(house.acme.org_id) as uow:
        return set(uow.session.scalars(text("select name from member where org_id = :o"), {"o": uow.org_id}))


def compare(house: House) -> list[str]:
    (here,) = [each for each in house.work.bot.workspaces.all("slack") if each.org_id == house.acme.org_id]
    refused = Contacts(house.work.bot).compare(here)
    house.run_jobs()
    return refused


def test_who_is_renamed_there_is_renamed_here(house):
    tells(house, house.user("ann"), real_name="Ann Li")
    tells(house, house.user("ann"), "user_profile_changed", real_name="Ann Li-Wang")
    assert standing(house, "ann")[0] == "Ann Li-Wang"


def test_who_was_deactivated_and_is_active_again_is_back(house):
    tells(house, house.user("ann"), deleted=True)
    assert not standing(house, "ann")[1]
    tells(house, house.user("ann"), real_name="Ann Li")
    assert standing(house, "ann")[1]


def test_a_newcomer_is_linked_by_the_address_and_by_nothing_else(house):
    before = names(house)
    tells(house, "U9", "team_join", real_name="Ada Admin")
    tells(house, "U8", "team_join", real_name="Somebody", email="dan@acme.example")
    assert names(house) == before
    with house.database.begin(house.acme.org_id) as uow:
        linked = text("select member_id from chat_identity where org_id = :o and external_id in ('U8', 'U9')")
        assert uow.session.scalars(linked, {"o": uow.org_id}).all() == [house.acme.member["dan"]]
    assert house.server.count("users.info") == 0


@pytest.mark.parametrize("kind", ["is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"])
def test_bots_and_guests_are_nobody(kind):
    assert colleague_of({"id": "U1", kind: True, "profile": {"real_name": "Robot"}}) is None


def test_a_guest_is_not_followed(house):
    tells(house, house.user("ann"), is_restricted=True, real_name="Robot")
    assert standing(house, "ann")[0] == "Ann Li"


def test_the_night_finds_who_is_gone_and_who_was_renamed(house):
    compare(house)
    house.server.users[house.user("bob")]["deleted"] = True
    house.server.users[house.user("ann")]["profile"]["real_name"] = "Ann Wang"
    assert compare(house) == []
    assert (standing(house, "ann")[0], standing(house, "bob")[1]) == ("Ann Wang", False)


def test_who_is_in_a_group_called_like_a_team_is_made_there_off_duty(house):
    house.server.user("U77", name="Zoe Zhao", email="zoe@acme.example")
    house.server.user("U78", name="Nobody")
    house.server.groups = {"South": ["U77", house.user("ann")], "Lunch": ["U78"]}
    compare(house)
    assert "Zoe Zhao" in names(house)
    assert "Nobody" not in names(house)
    assert standing(house, "ann")[3] == house.acme.department["north"]


def test_without_the_scope_for_groups_people_are_compared_all_the_same(house):
    house.server.groups = None
    compare(house)
    house.server.users[house.user("bob")]["deleted"] = True
    assert compare(house) == []
    assert not standing(house, "bob")[1]


def directory(house: House, waited: list[float]) -> SlackDirectory:
    (here,) = [each for each in house.work.bot.workspaces.all("slack") if each.org_id == house.acme.org_id]
    found = house.work.bot.platforms["slack"].directory(here)
    return SlackDirectory(found._client, waited.append)


def test_pages_are_read_to_the_end_and_waited_for_as_slack_asks(house):
    for number in range(450):
        house.server.user(f"U5{number:04d}", name=f"Person {number}")
    house.server.faults.add("users.list", throttled(3), throttled(2))
    waited: list[float] = []
    assert len(directory(house, waited).colleagues({})) == 457
    assert waited == [3, 2]


def test_a_long_wait_is_left_for_the_next_night(house):
    house.server.faults.add("users.list", throttled(600))
    with pytest.raises(Throttled):
        directory(house, []).colleagues({})


def test_slackbot_is_nobody():
    assert colleague_of({"id": "USLACKBOT", "profile": {"real_name": "Slackbot"}}) is None
