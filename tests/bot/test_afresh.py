"""Cards of WeCom that cannot be edited any more: a fresh one comes where somebody relies on it, once, else none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.services import asking, leads, members
from tests import build
from tests.doubles.slack_http import refused
from tests.world import World, titles


@pytest.fixture
def bob(world):
    world.wecom.now = lambda: world.time().timestamp()
    return world.chat("wecom", "bob")


@pytest.fixture
def lead(world) -> int:
    with world.database.begin(world.acme.org_id) as uow:
        return build.lead(uow, world.acme, owner="ann")


def touch(world: World, lead: int) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        uow.touch(lead)
    world.run_jobs()


def asked(world: World, lead: int) -> str:
    """A question of Ann's that stands on Bob's card."""
    with world.database.begin(world.acme.org_id) as uow:
        ann, bob = (members.get(uow, world.acme.member[name]) for name in ("ann", "bob"))
        seen = leads.many(uow, actor=ann, lead_ids=[lead])[0]
        made, _ = asking.ask(
            uow, actor=ann, lead=seen, colleague=bob, words="Who decides?", due_at=uow.now + timedelta(days=9)
        )
    world.run_jobs()
    return made.ref


def closed(world: World, ref: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        ann = members.get(uow, world.acme.member["ann"])
        asking.done(uow, actor=ann, question=asking.get(uow, actor=ann, ref=ref))
    world.run_jobs()


def bobs(world: World) -> list[str]:
    """The cards that were ever sent to Bob, with what was taken back."""
    to = build.external("wecom", "bob", world.acme.org_id)
    return [each.msgid for each in world.wecom.sent if each.to == to and each.body["msgtype"] == "template_card"]


def test_a_fresh_card_tells_it_once_the_code_is_used(world, bob, lead):
    ref = asked(world, lead)
    touch(world, lead)
    touch(world, lead)
    assert len(bobs(world)) == 1  # the question stands as before: no reason for another card
    closed(world, ref)
    assert (len(bobs(world)), [title[:7] for title in titles(bob.inbox())]) == (2, ["Closed:"])
    touch(world, lead)
    touch(world, lead)
    assert len(bobs(world)) == 2


def test_after_three_days_too_and_what_is_too_old_to_be_taken_back_stays(world, bob, lead, monkeypatch):
    monkeypatch.setattr(world.bot.platforms["wecom"], "_time", world.time)
    ref = asked(world, lead)
    world.time.advance(hours=73)
    closed(world, ref)
    assert {title[:7] for title in titles(bob.inbox())} == {"Ann Li ", "Closed:"}
    assert len(bobs(world)) == 2


def test_the_next_change_edits_the_fresh_card(world, bob, lead):
    ref = asked(world, lead)
    touch(world, lead)
    closed(world, ref)
    edits = world.wecom.calls["message/update_template_card"]
    touch(world, lead)
    assert world.wecom.calls["message/update_template_card"] == edits + 1
    where = "select count(*) from posted_card where org_id = :o and live and member_id = :m"
    assert world.count(where, o=world.acme.org_id, m=world.acme.member["bob"]) == 1


def test_no_fresh_card_of_what_is_off_but_the_misleading_one_goes(world, bob, lead):
    ref = asked(world, lead)
    touch(world, lead)
    bob.says("notify reminders off")
    before = len(bobs(world))
    closed(world, ref)
    assert len(bobs(world)) == before
    assert [title for title in titles(bob.inbox()) if "asks you" in title] == []


def test_a_fresh_card_waits_for_the_morning(world, bob, lead):
    ref = asked(world, lead)
    touch(world, lead)
    bob.says("notify quiet 0:00-23:59")
    before = len(bobs(world))
    closed(world, ref)
    held = "select count(*) from message where org_id = :o and state = 'held' and key like 'afresh:%'"
    assert (len(bobs(world)), world.count(held, o=world.acme.org_id)) == (before, 1)


def test_a_card_that_was_deleted_in_slack_stays_deleted(world, lead):
    world.chat("slack", "bob")
    ref = asked(world, lead)
    world.slack.faults.add("chat.update", refused("message_not_found"))
    closed(world, ref)
    assert (world.slack.count("chat.update"), world.slack.count("chat.postMessage")) == (1, 1)


def test_who_has_answered_gets_no_fresh_card(world, bob, lead):
    ref = asked(world, lead)
    touch(world, lead)
    bob.says(f"answer {ref} Grace does")
    before = len(bobs(world))
    closed(world, ref)
    assert len(bobs(world)) == before


def test_a_card_that_nobody_waits_for_is_left_as_it_is(world, bob, lead):
    with world.database.begin(world.acme.org_id) as uow:
        about = {"lead": lead, "by": world.acme.member["ann"]}
        uow.notify("lead.assigned", to=world.acme.member["bob"], lead=lead, key="s", data=about)
    world.run_jobs()
    touch(world, lead)
    touch(world, lead)
    assert len(bobs(world)) == 1


def test_a_claim_card_comes_anew_once_and_goes_when_nothing_is_left(world, bob):
    with world.database.begin(world.acme.org_id) as uow:
        made = [build.lead(uow, world.acme, name=f"Lu {n}") for n in range(4)]
        uow.notify(
            "pool.arrived", to=world.acme.member["bob"], key="p", data={"pool": world.acme.pool["open"], "leads": made}
        )
    world.run_jobs()
    sent = []
    for one in made:
        with world.database.begin(world.acme.org_id) as uow:
            taken = text("update lead set owner_id = :m where org_id = :o and id = :id")
            uow.session.execute(taken, {"m": world.acme.member["ann"], "o": uow.org_id, "id": one})
            uow.touch(one)
        world.run_jobs()
        sent.append((len(bobs(world)), len(bob.inbox())))
    assert sent == [(1, 1), (2, 1), (2, 1), (2, 0)]


def test_an_offer_that_went_to_somebody_else_says_so_on_a_fresh_card(world, bob, lead):
    with world.database.begin(world.acme.org_id) as uow:
        until = uow.now + timedelta(hours=4)
        offer = uow.session.scalar(
            text(
                "insert into offer (org_id, lead_id, member_id, state, offered_at, expires_at)"
                " values (:o, :l, :m, 'open', :now, :until) returning id"
            ),
            {"o": uow.org_id, "l": lead, "m": world.acme.member["bob"], "now": uow.now, "until": until},
        )
        uow.notify(
            "lead.offered", to=world.acme.member["bob"], lead=lead, key="o",
            data={"lead": lead, "offer": offer, "expires_at": until.isoformat()},
        )  # fmt: skip
    world.run_jobs()
    touch(world, lead)
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(
            text("update offer set state = 'withdrawn', closed_at = :now where org_id = :o and id = :id"),
            {"o": uow.org_id, "id": offer, "now": uow.now},
        )
        uow.touch(lead)
    world.run_jobs()
    assert [title[:18] for title in titles(bob.inbox())] == ["This offer is over"]
