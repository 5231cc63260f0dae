"""From a post at the door to a card on a rep's screen, and who may tap it: on every platform."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from tests.drivers.base import Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
with_groups = pytest.mark.parametrize("platform", ["slack", "playground"])
KEY = re.compile(r"Key: (\S+)")


def _name(world: World) -> str:
    """A source of this company alone, for all tests share one door."""
    return f"Fair {world.acme.org_id}"


def _posts(world: World, key: str, phone: str) -> int:
    """Post a lead with that key; the status of the answer."""
    told = {"name": "Zed Quill", "company": "Fair Winds", "phone": phone}
    answer = world.client.post(
        f"/intake/fair-{world.acme.org_id}", json=told, headers={"Authorization": f"Bearer {key}"}
    )
    world.run_jobs()
    return int(answer.status_code)


def _key(shown: Seen) -> str:
    found = KEY.search(shown.text)
    assert found is not None, shown.text
    return found[1]


def _unlink(world: World, name: str) -> None:
    """The company does not know that person's chat account, and has no address to find it by."""
    with world.database.begin(world.acme.org_id) as uow:
        member = {"m": world.acme.member[name]}
        uow.session.execute(text("delete from chat_identity where member_id = :m"), member)
        uow.session.execute(text("update member set email = null where id = :m"), member)


@everywhere
def test_a_source_made_in_chat_brings_a_posted_lead_to_the_rep_whose_turn_it_is(world: World, platform: str) -> None:
    world.chat(platform, "ann").says("off")
    bob = world.chat(platform, "bob")
    key = _key(world.chat(platform, "ada").says(f"sources new {_name(world)}"))
    status = _posts(world, key, "13800001111")
    pushed = "\n".join(card.text for card in bob.inbox())
    (card,) = (card for card in bob.inbox() if "No answer" in card.buttons)
    logged = bob.taps(card, "No answer")
    assert status == 201
    assert "Zed Quill · Fair Winds" in pushed
    assert "13800001111" in pushed
    assert "your turn" in pushed
    assert "Back to the pool" in pushed
    assert "tomorrow 09:00" in logged.text


@everywhere
def test_a_rotated_key_works_for_a_day_and_a_source_that_is_off_takes_nothing(world: World, platform: str) -> None:
    ada = world.chat(platform, "ada")
    former = _key(ada.says(f"sources new {_name(world)}"))
    fresh = _key(ada.says(f"sources rotate {_name(world)}"))
    both = [_posts(world, key, f"1380000111{n}") for n, key in enumerate((former, fresh))]
    world.time.advance(hours=25)
    later = [_posts(world, key, f"1380000112{n}") for n, key in enumerate((former, fresh))]
    ada.says(f"sources off {_name(world)}")
    assert both == [201, 201]
    assert later == [401, 201]
    assert _posts(world, fresh, "13800001130") == 404


@everywhere
def test_a_customer_who_comes_again_is_no_second_lead_and_the_owner_is_told(world: World, platform: str) -> None:
    world.lead(owner="ann", phone="+8613800001111")
    ann = world.chat(platform, "ann")
    status = _posts(world, _key(world.chat(platform, "ada").says(f"sources new {_name(world)}")), "138 0000 1111")
    assert status == 200
    assert world.count("select count(*) from lead") == 1
    assert any("came in again" in card.text and "Lu Wei" in card.text for card in ann.inbox())


@with_groups
def test_somebody_not_linked_sees_the_groups_card_and_learns_how_to_be_linked(world: World, platform: str) -> None:
    _unlink(world, "bob")
    bob, place = world.chat(platform, "bob"), f"C{world.acme.org_id}OPEN"
    ref = world.arrives()
    (card,) = (card for card in bob.group(place) if ref in card.text)
    answer = bob.taps(card, "Claim")
    assert "link CODE" in answer.text
    assert world.count("select count(*) from assignment") == 0


@everywhere
def test_a_code_links_a_chat_account_once(world: World, platform: str) -> None:
    _unlink(world, "bob")
    ref, bob = world.lead(), world.chat(platform, "bob")
    stranger = bob.says(f"claim {ref}")
    shown = world.chat(platform, "ada").says("admin code Bob Chen")
    code = shown.text.split("link ")[-1].split()[0]
    welcome = bob.says(f"link {code}")
    assert "link CODE" in stranger.text
    assert "Welcome, Bob Chen" in welcome.text
    assert "Yours" in bob.says(f"claim {ref}").text
    assert "wrong or too old" in world.chat(platform, "cyd").says(f"link {code}").text


@everywhere
def test_somebody_who_left_between_card_and_tap_takes_nothing(world: World, platform: str) -> None:
    bob = world.chat(platform, "bob")
    world.arrives()
    news = bob.inbox() if platform == "wecom" else bob.group(f"C{world.acme.org_id}OPEN")
    (card,) = (card for card in news if "Claim" in card.buttons)
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where id = :m"), {"m": world.acme.member["bob"]})
    answer = bob.taps(card, "Claim")
    assert "do not know you" in answer.text
    assert world.count("select count(*) from assignment") == 0
