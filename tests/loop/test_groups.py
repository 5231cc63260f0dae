"""News for a team: announced where it is seen, claimed there by one tap, settled for everybody."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crm.services import conversations, digests, members, placing
from tests import build
from tests.drivers.base import Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
with_groups = pytest.mark.parametrize("platform", ["slack", "playground"])


def _team_sees(world: World, platform: str, viewer: str) -> list[Seen]:
    """What a team member sees of the pool's news: the group's cards, in WeCom the own ones."""
    person = world.chat(platform, viewer)
    return person.inbox() if platform == "wecom" else person.group(f"C{world.acme.org_id}OPEN")


@everywhere
def test_an_arrival_is_announced_without_its_contact_and_claimed_by_one_tap(world: World, platform: str) -> None:
    bob = world.chat(platform, "bob")
    ref = world.arrives(phone="+8613912340000")
    news = [card for card in _team_sees(world, platform, "bob") if ref in card.text]
    bob.taps(next(card for card in news if "Claim" in card.buttons), "Claim")
    assert all("13912340000" not in card.text for card in news)
    assert world.count("select count(*) from assignment where member_id = :m", m=world.acme.member["bob"]) == 1


@everywhere
def test_after_a_claim_the_others_see_who_has_it(world: World, platform: str) -> None:
    _ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    ref = world.arrives()
    news = next(card for card in _team_sees(world, platform, "bob") if "Claim" in card.buttons)
    bob.taps(news, "Claim")
    world.run_jobs()
    seen = [card for card in _team_sees(world, platform, "ann") if ref in card.text]
    assert any("Bob Chen" in card.text for card in seen)
    assert all("Claim" not in card.buttons for card in seen)


@everywhere
def test_a_burst_of_arrivals_is_one_card(world: World, platform: str) -> None:
    world.chat(platform, "bob")
    with world.database.begin(world.acme.org_id) as uow:
        for _ in range(12):
            placing.announce(uow, world.acme.pool["open"], [build.lead(uow, world.acme)])
            uow.flush()
            uow.now = uow.now.replace(microsecond=uow.now.microsecond + 1)
    world.run_jobs()
    told = [card for card in _team_sees(world, platform, "bob") if "12 new" in card.text]
    assert told
    assert world.count("select count(*) from message where topic = 'pool.arrived' and state = 'merged'") == 11


@with_groups
def test_a_group_is_bound_by_a_manager_in_the_group_itself(world: World, platform: str) -> None:
    place = f"C{world.acme.org_id}OPEN"
    answer = world.chat(platform, "mia").says("here North", conversation=place)
    refused = world.chat(platform, "ann").says("here North", conversation=place)
    assert "North" in answer.text
    assert "managers" in refused.text
    assert world.count("select count(*) from digest_subscription") == 1


@everywhere
def test_the_digest_comes_at_its_hour_to_the_teams_group(world: World, platform: str) -> None:
    external = {"wecom": "chat1"}.get(platform, f"C{world.acme.org_id}OPEN")
    world.wecom.chats["chat1"] = {"chatid": "chat1", "name": "North", "userlist": []}
    world.lead(owner="ann")
    with world.database.begin(world.acme.org_id) as uow:
        conversations.bind(
            uow, actor=members.get(uow, world.acme.member["mia"]), workspace_id=world.acme.workspace[platform],
            kind={"slack": "channel", "wecom": "appchat"}.get(platform, "group"), external_id=external, name="North",
            pool_id=None, department_id=world.acme.department["north"],
        )  # fmt: skip
    world.pass_time(hours=7, minutes=59)
    early = world.count("select count(*) from message where topic = 'digest'")
    world.pass_time(minutes=1)
    seen = world.chat(platform, "mia").group(external)
    assert early == 0
    assert any("digest" in card.text for card in seen)
    assert world.count("select count(*) from message where topic = 'digest' and state = 'sent'") == 1


@everywhere
def test_the_digest_shown_now_counts_what_the_team_did(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    world.chat(platform, "ann").says(f"log {ref} called, wants a quote")
    world.pass_time(minutes=5)
    answer = world.chat(platform, "mia").says("digest")
    assert "Contacted" in answer.text
    with world.database.begin(world.acme.org_id) as uow:
        facts = digests.build(uow, world.acme.department["north"], uow.now.date())
    assert (facts.total.now.entered, facts.total.now.contacted) == (1, 1)


def test_a_group_that_is_gone_is_told_to_the_manager_once(world: World) -> None:
    mia = world.chat("slack", "mia")
    with world.database.begin(world.acme.org_id) as uow:
        gone = "update conversation set external_id = 'CGONE', department_id = :team where kind = 'channel'"
        uow.session.execute(text(gone), {"team": world.acme.department["north"]})
    world.arrives()
    world.arrives()
    told = [card for card in mia.inbox() if "no longer post" in card.text]
    assert len(told) == 1
