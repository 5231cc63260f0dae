"""Each push says why it came; bursts are lists, what is bad keeps nothing else from coming, and no limit is passed."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import text

from bot import limiter, pushed
from bot.cards.facts import Facts
from bot.cards.model import Actions, Button, Card, Row, Text
from bot.notices import NOTICES
from crm.rules.notices import GROUPS
from crm.services import members
from tests import build
from tests.bot.asking import told
from tests.bot.cards import fitting
from tests.bot.pushing import EVENING, a_lead, touched
from tests.doubles.wecom_faults import errcode
from tests.rounds import rounds
from tests.world import PLATFORMS, titles

CHECKS = {"slack": fitting.check_slack, "wecom": fitting.check_wecom, "playground": fitting.check_playground}
STORM = text(
    "insert into task (org_id, member_id, due_at, state, created_at, version)"
    " select :o, :me, cast(:now as timestamptz) + make_interval(secs => n % 60), 'open', :now, 1"
    " from generate_series(1, :many) n"
)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(limiter, "PER_PLACE", {})


@pytest.fixture
def ann(world):
    return world.chat("playground", "ann")


# Why it came


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_push_says_why_it_came_and_can_be_tuned_from_its_menu(world, platform):
    ann = world.chat(platform, "ann")
    touched(world, a_lead(world, name="Zoe"))
    card = ann.inbox()[-1]
    assert "Why this?" in card.buttons
    why = ann.taps(card, "Why this?")
    assert "You get this because you own L-" in why.text
    assert "once a day" in ann.taps(why, "Once a day").text
    assert "Zoe" in ann.taps(why, next(label for label in why.buttons if label.startswith("Mute"))).title


def test_a_push_that_is_drawn_anew_keeps_its_reason(world):
    ann = world.chat("slack", "ann")
    lead = a_lead(world)
    touched(world, lead)
    before = ann.inbox()[-1]
    with world.database.begin(world.acme.org_id) as uow:
        uow.touch(lead)
    world.run_jobs()
    assert ann.inbox()[-1].text == before.text
    assert "You get this because" in before.text
    assert {"Why this?", "Mute this lead", "Fewer of these"} <= set(before.buttons)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_push_has_room_for_its_menu(world, platform):
    """With as many buttons as a card may have, of both kinds, and with hardly any words or very many."""
    adapter = world.bot.platforms[platform]
    shapes = [_card(*shape) for shape in ((1, 0, 0), (1, 5, 3), (1, 6, 4), (40, 1, 0), (40, 6, 4), (1, 9, 0))]
    topics = [topic for topic, notice in NOTICES.items() if notice.group]
    with world.database.begin(world.acme.org_id) as uow:
        lead = build.lead(uow, world.acme, owner="ann")
        facts = Facts(uow, members.get(uow, world.acme.member["ann"]), platform)
        for topic, card in product(topics, shapes):
            sign = pushed.push_of(7, topic, lead, to_group=False)
            tuned = pushed.tuned(card, sign, facts, adapter)
            CHECKS[platform](tuned)
            assert adapter.cost(tuned) == adapter.cost(card)
            assert "notify.why" in {button.action for button in tuned.buttons()}


def _card(words: int, often: int, seldom: int) -> Card:
    buttons = [Button("lead.open", f"B{number}", f"L-{number}") for number in range(often)]
    buttons += [Button("lead.why", f"W{number}", f"L-{number}", more=True) for number in range(seldom)]
    blocks = (Text("words " * words), Row("a row"), *((Actions(tuple(buttons)),) if buttons else ()))
    return Card("A title", blocks, ref="L-1")


def test_every_topic_says_to_which_group_it_belongs_and_why_it_comes():
    tuned = [notice for notice in NOTICES.values() if notice.group]
    assert {notice.group for notice in tuned} == set(GROUPS)
    assert [notice.card for notice in tuned if not notice.why] == []


def test_in_a_group_it_says_to_what_the_group_is_bound(world):
    world.arrives()
    ann = world.chat("slack", "ann")
    card = ann.group(f"C{world.acme.org_id}OPEN")[-1]
    assert "bound to its team or pool" in ann.taps(card, "Why this?").text
    assert "Mute this lead" not in card.buttons


# Bursts, and what is bad among them


def test_a_bad_row_among_many_is_dead_and_the_rest_comes(world, ann):
    good = [a_lead(world, name=f"Good {number}") for number in range(9)]
    with world.database.begin(world.acme.org_id) as uow:
        bad = uow.session.scalar(text("select max(id) from lead")) + 1
        for place, lead in enumerate([bad, *good, bad + 1]):
            uow.notify(
                "response.taken_back", to=world.acme.member["ann"], key=f"t{place}", together="t",
                data={"lead": lead, "until": EVENING.isoformat()},
            )  # fmt: skip
    world.run_jobs()
    assert titles(ann.inbox()) == ["9 leads go to somebody else"]
    with world.database.begin(world.acme.org_id) as uow:
        dead = text("select cast(card->>'lead' as bigint) from message where org_id = :o and state = 'dead' order by 1")
        assert list(uow.session.scalars(dead, {"o": uow.org_id})) == [bad, bad + 1]


def test_leads_that_are_given_away_one_by_one_are_one_card_each_way(world):
    ann, bob = (world.chat("playground", name) for name in ("ann", "bob"))
    for ref in [world.lead(owner="ann", name=f"Lead {number}") for number in range(5)]:
        told(world, f"assign {ref} @Bob", "mia")
    world.run_jobs()
    assert titles(ann.inbox()) == ["Mia Manager gave 5 of your leads to a colleague"]
    assert "5 leads were given to you" in titles(bob.inbox())


@pytest.mark.chaos
def test_a_storm_of_reminders_stays_below_what_wecom_drops_silently(world):
    ann = world.chat("wecom", "ann")
    many = rounds(short=300, full=10_000)
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(STORM, {"o": uow.org_id, "me": world.acme.member["ann"], "now": uow.now, "many": many})
    for _ in range(6):
        world.pass_time(seconds=10)
    sent, org = world.wecom.calls["message/send"], world.acme.org_id
    assert sent <= limiter.MEMBER_PER_MINUTE * 2
    assert world.count("select hour_count from send_ledger where org_id = :o", o=org) == sent
    told_of = "select count(*) from message where org_id = :o and topic = 'task.due' and state in ('sent', 'merged')"
    assert world.count(told_of, o=org) == many
    assert "reminders are due" in ann.inbox()[-1].text


# Groups that are gone


def test_a_wecom_group_that_is_gone_is_reported_once_and_its_digest_reaches_the_manager(world):
    mia = world.chat("wecom", "mia")
    with world.database.begin(world.acme.org_id) as uow:
        group = build.group(uow, world.acme, "wecom", team="north")
    world.wecom.script("appchat/send", errcode(86003), errcode(86003))
    for day in ("2026-03-03", "2026-03-04"):
        with world.database.begin(world.acme.org_id) as uow:
            data = {"department": world.acme.department["north"], "day": day}
            uow.notify("digest", group=group, key=f"digest:{day}", data=data)
        world.run_jobs()
    shown = [title for title in titles(mia.inbox()) if title]
    assert shown[0].startswith("I can no longer post to north")
    assert len([title for title in shown if title.startswith("I can no longer")]) == 1
    assert len([title for title in shown if "North" in title or "north" in title]) >= 3
