"""What is said when there is little to say: mild titles, the next opening, whole addresses, roles taken back."""

from __future__ import annotations

import pytest

from crm.rules.arrival import Arrival
from crm.services import intake, sources
from tests import build
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
ADMINS = "select count(*) from member where role = 'admin'"


@everywhere
def test_opening_a_lead_leaves_the_list_where_it_is(world: World, platform: str) -> None:
    for name in ("Lu Wei", "Zoe"):
        world.lead(owner="ann", name=name)
    ann = world.chat(platform, "ann")
    card = ann.says("my")
    opened = ann.taps(card, "Open")
    assert "Log" in opened.buttons
    assert opened.place != card.place


@everywhere
@pytest.mark.parametrize(
    ("words", "title"),
    [("undo", "Nothing to undo"), ("撤销", "Nothing to undo"), ("claim next", "Nothing to claim")],
)
def test_what_is_no_mistake_is_not_called_one(world: World, platform: str, words: str, title: str) -> None:
    answer = world.chat(platform, "ann").says(words)
    assert title in answer.text
    assert "does not work" not in answer.text


def test_the_next_lead_that_opens_is_told(world: World) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, "claim: {embargo: 4h}")
    world.lead()
    world.time.advance(hours=1)
    world.lead()
    ann = world.chat("playground", "ann")
    assert "The next lead opens today 14:00" in ann.says("claim next").text
    ann.says("lang zh")
    assert "最早 今天 14:00 开放下一条" in ann.says("领取 下一条").text


def test_one_who_has_left_a_lead_is_told_when_it_can_be_had_again(world: World) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat("playground", "ann")
    ann.says(f"release {ref} not my region")
    assert "The next lead opens" in ann.says("claim next").text


@everywhere
def test_the_address_of_a_source_can_be_copied(world: World, platform: str) -> None:
    answer = world.chat(platform, "ada").says("sources new Trade fair")
    assert "://" in answer.text
    assert "：//" not in answer.text
    assert "/intake/trade-fair" in answer.text


@everywhere
def test_the_admin_role_is_given_and_taken_back(world: World, platform: str) -> None:
    ada = world.chat(platform, "ada")
    ada.says("admin @Mia Manager")
    assert world.count(ADMINS) == 2
    assert "Mia Manager is no admin any more" in ada.says("admin remove @Mia Manager").text
    assert (
        world.count("select count(*) from member where role = 'manager' and id = :m", m=world.acme.member["mia"]) == 1
    )


def test_the_last_admin_stays(world: World) -> None:
    ada = world.chat("playground", "ada")
    assert "no other admin" in ada.says("取消管理员 @Ada Admin").text
    assert "Bob Chen is no admin" in ada.says("admin remove @Bob").text
    assert world.count(ADMINS) == 1


def test_nobody_but_an_admin_takes_the_role(world: World) -> None:
    assert "Only admins" in world.chat("playground", "mia").says("admin remove @Ada Admin").text
    assert world.count(ADMINS) == 1


def test_two_groups_of_one_team_keep_names_of_their_own(world: World) -> None:
    mia = world.chat("playground", "mia")
    names = "select count(distinct name) from conversation where workspace_id = :w"
    for group in ("G1", "G2", "G1"):
        answer = mia.says("here North", conversation=group)
        assert "the news of North" in answer.text
    assert world.count(names, w=world.acme.workspace["playground"]) == 3


@everywhere
def test_who_comes_in_again_is_told_with_the_source(world: World, platform: str) -> None:
    world.lead(owner="ann", phone="+8613812340000")
    ann = world.chat(platform, "ann")
    with world.database.begin(world.acme.org_id) as uow:
        source = sources.get(uow, world.acme.source_id)
        intake.take_in(uow, source=source, arrival=Arrival(name="Lu Wei", phone="13812340000"))
    world.run_jobs()
    assert "This time from: Website" in "\n".join(card.text for card in ann.inbox())


def test_what_came_back_is_named_in_the_group_and_claimed_there(world: World) -> None:
    refs = [world.lead(owner="ann", name=f"Customer {n}", recycle_at=world.time()) for n in range(7)]
    world.pass_time(seconds=5)
    bob = world.chat("playground", "bob")
    [card] = [card for card in bob.group(f"C{world.acme.org_id}OPEN") if "came back" in card.text]
    assert [ref for ref in refs if ref in card.text] == refs[:5]
    assert "and 2 more" in card.text
    bob.taps(card, "Claim")
    world.run_jobs()
    assert world.count("select count(*) from lead where owner_id = :m", m=world.acme.member["bob"]) == 1
    [card] = [card for card in bob.group(f"C{world.acme.org_id}OPEN") if "came back" in card.text]
    assert "claimed by Bob Chen" in card.text


def test_a_word_that_no_lead_of_mine_fits_is_told_as_such(world: World) -> None:
    world.lead(owner="ann")
    ann = world.chat("playground", "ann")
    assert "None of your leads fits “banana”" in ann.says("my banana").text
    assert "None of your leads" not in ann.says("my").text
