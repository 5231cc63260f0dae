"""A lead on its way to an owner, everywhere: offers, a team's first tap, a manager's desk, the first response."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crm.services import dealing
from tests import build
from tests.drivers.base import Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
RULES = """
first_response: [{name: all, within: 1h, nudge: 20m, copy_manager_after: 10m, reoffer_after: 2h}]
dispatch:
- name: north web
  to: {members: [ann@acme.example, bob@acme.example], departments: [north]}
  strategy: direct
  working_hours: false
  mode: %s
"""


def under(world: World, mode: str) -> None:
    """From now on leads are handed over in that mode, Ann first."""
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, RULES % mode)


def newest(cards: list[Seen], words: str) -> Seen:
    return [card for card in cards if words in card.text][-1]


def with_button(cards: list[Seen], label: str) -> Seen:
    """The newest card with that button; in WeCom the words may stand in a message before it."""
    return [card for card in cards if label in card.buttons][-1]


def owner(world: World, ref: str) -> int:
    return world.count("select coalesce(owner_id, 0) from lead where number = :n", n=int(ref[2:]))


@everywhere
def test_an_offer_is_accepted_by_one_tap(world: World, platform: str) -> None:
    under(world, "offer")
    ann = world.chat(platform, "ann")
    ref = world.arrives(by_rule=True, phone="+8613912340000")
    cards = ann.inbox()
    after = ann.taps(with_button(cards, "Accept"), "Accept")
    assert all("13912340000" not in card.text for card in cards)
    assert "13912340000" in after.text
    assert owner(world, ref) == world.acme.member["ann"]


@everywhere
def test_a_declined_offer_goes_on_and_the_first_card_says_to_whom(world: World, platform: str) -> None:
    under(world, "offer")
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    ref = world.arrives(by_rule=True)
    assert "Declined" in ann.says(f"decline {ref} not my product").text
    world.run_jobs()
    assert any("offered to Bob Chen now" in card.text for card in ann.inbox())
    assert with_button(bob.inbox(), "Accept")


def test_the_only_offer_needs_no_number_and_of_several_one_is_named(world: World) -> None:
    under(world, "offer")
    ann = world.chat("playground", "ann")
    first = world.arrives(by_rule=True)
    assert "Declined" in ann.says("decline no time").text
    second, third = world.arrives(by_rule=True), world.arrives(by_rule=True)
    assert "accept L-1042" in ann.says("accept").text
    assert second in ann.says(f"accept {second}").text
    assert third in ann.says("accept").text
    assert owner(world, first) == 0


def test_no_reason_is_asked_for_where_nothing_is_on_offer(world: World) -> None:
    refused = world.chat("playground", "ann").says(f"decline {world.lead()}")
    assert "not offered to you" in refused.text
    assert refused.inputs == ()
    assert "No lead is offered to you now" in world.chat("playground", "ann").says("accept").text


@everywhere
def test_the_button_asks_for_the_reason(world: World, platform: str) -> None:
    under(world, "offer")
    ann = world.chat(platform, "ann")
    world.arrives(by_rule=True)
    form = ann.taps(with_button(ann.inbox(), "Decline"), "Decline")
    ann.submits(form, reason="no time")
    assert world.count("select count(*) from offer where state = 'declined' and reason = 'no time'") == 1


@everywhere
def test_silence_passes_an_offer_on_and_who_is_late_is_told_kindly(world: World, platform: str) -> None:
    under(world, "offer")
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    ref = world.arrives(by_rule=True)
    world.pass_time(minutes=16)
    edited = ann.inbox()
    assert any("did not answer in time" in card.text for card in edited)
    assert all("Accept" not in card.buttons for card in edited)
    bob.says(f"accept {ref}")
    assert "Bob Chen has the lead now" in ann.says(f"accept {ref}").text


@everywhere
def test_todays_card_shows_what_is_offered(world: World, platform: str) -> None:
    under(world, "offer")
    ann = world.chat(platform, "ann")
    ref = world.arrives(by_rule=True)
    today = ann.says("today")
    assert "Offered to you" in today.text
    assert ref in today.text


def test_a_message_of_an_offer_that_is_over_is_not_sent(world: World) -> None:
    under(world, "offer")
    ann = world.chat("playground", "ann")
    with world.database.begin(world.acme.org_id) as uow:
        dealing.deal(uow, [build.lead(uow, world.acme)])
    world.time.advance(minutes=20)
    world.run_jobs()
    assert ann.inbox() == []
    assert world.count("select count(*) from message where topic = 'lead.offered' and state = 'dropped'") == 1


@everywhere
def test_a_lead_for_the_team_is_the_first_taps_and_settled_for_all(world: World, platform: str) -> None:
    under(world, "group")
    with world.database.begin(world.acme.org_id) as uow:
        bind = "update conversation set pool_id = null, department_id = :team"
        uow.session.execute(text(bind), {"team": world.acme.department["north"]})
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    place = f"C{world.acme.org_id}OPEN"
    ref = world.arrives(by_rule=True)
    world.run_jobs()
    seen = bob.inbox() if platform == "wecom" else bob.group(place)
    bob.taps(newest(seen, "for your team"), "Claim")
    world.run_jobs()
    others = ann.inbox() if platform == "wecom" else ann.group(place)
    settled = newest(others, "for your team")
    assert owner(world, ref) == world.acme.member["bob"]
    assert "Bob Chen" in settled.text
    assert "Claim" not in settled.buttons


def test_a_team_without_a_group_is_told_one_by_one(world: World) -> None:
    under(world, "group")
    ann, bob = world.chat("slack", "ann"), world.chat("slack", "bob")
    ref = world.arrives(by_rule=True)
    assert [ref in newest(person.inbox(), "for your team").text for person in (ann, bob)] == [True, True]


@everywhere
def test_a_batch_is_dealt_from_the_desk_by_one_tap_and_taken_back_by_another(world: World, platform: str) -> None:
    under(world, "desk")
    mia = world.chat(platform, "mia")
    with world.database.begin(world.acme.org_id) as uow:
        ids = [build.lead(uow, world.acme, name=f"Lu {number}") for number in range(3)]
        dealing.deal(uow, ids)
    world.run_jobs()
    after = mia.taps(newest(mia.inbox(), "on your desk"), "Deal all")
    assert "3 leads dealt" in after.text
    dealt = "select count(*) from lead where owner_id is not null"
    assert world.count(dealt) == 3
    assert "being taken back" in mia.taps(after, "Undo").text
    world.run_jobs()
    assert world.count(dealt) == 0
    assert "3 leads of the run" in newest(mia.inbox(), "of the run").text
    assert world.count("select count(*) from lead where held_by = 'desk'") == 3
    assert "3 leads on your desk" in mia.says("deal").text


@everywhere
def test_typed_rows_deal_what_is_right_and_say_what_is_wrong(world: World, platform: str) -> None:
    under(world, "desk")
    mia = world.chat(platform, "mia")
    refs = [world.arrives(by_rule=True) for _ in range(2)]
    answer = mia.says(f"派 {refs[0]} @Bob，{refs[1]} @Cyd")
    assert "1 lead dealt" in answer.text
    assert "Cyd 王 is not in your team" in answer.text
    assert [owner(world, ref) for ref in refs] == [world.acme.member["bob"], 0]


@everywhere
def test_a_lead_that_nobody_answers_nudges_tells_the_manager_and_goes_on(world: World, platform: str) -> None:
    under(world, "assign")
    ann, mia = world.chat(platform, "ann"), world.chat(platform, "mia")
    ref = world.arrives(by_rule=True)
    assert "Answer by" in newest(ann.inbox(), ref).text
    world.pass_time(minutes=45)
    assert "waits for your first call" in newest(ann.inbox(), ref).text
    world.pass_time(minutes=25)
    assert "Ann Li has not answered" in newest(mia.inbox(), ref).text
    world.pass_time(hours=2)
    assert "goes to somebody else" in newest(ann.inbox(), ref).text
    assert owner(world, ref) == world.acme.member["bob"]
    told = mia.says(f"why {ref}").text
    assert "Taken from Ann Li" in told
    assert "had it without getting in touch" in told


def test_what_is_offered_lies_on_nobodys_pool_card(world: World) -> None:
    under(world, "offer")
    ref = world.arrives(by_rule=True)
    assert ref not in world.chat("playground", "cyd").says("pool").text
