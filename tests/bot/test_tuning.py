"""What people wish decides what is pushed: held, grouped, muted, capped."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot import limiter
from tests import build
from tests.bot.asking import told
from tests.bot.cards.scene import Scene
from tests.bot.pushing import EVENING, a_lead, assigned, push, ruled, rules, said_to, state, touched
from tests.world import PLATFORMS, titles


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(limiter, "PER_PLACE", {})


@pytest.fixture
def ann(world):
    return world.chat("playground", "ann")


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


# What is held


def test_a_night_is_one_card_in_the_morning(world, ann):
    told(world, "notify quiet 21:00-8:00")
    world.time.set(EVENING)
    held = [assigned(world, name="Zoe"), assigned(world, name="Grace"), touched(world, a_lead(world))]
    assert [state(world, one)[0] for one in held] == ["held"] * 3
    world.pass_time(hours=9)
    assert ann.inbox() == []
    world.pass_time(hours=1)
    assert titles(ann.inbox()) == ["3 notices that waited"]
    opened = ann.taps(ann.inbox()[0], "Open")
    assert "Zoe" in opened.text + opened.title or "Grace" in opened.text + opened.title


def test_one_thing_that_waited_is_that_thing(world, ann):
    told(world, "notify quiet 21:00-8:00")
    world.time.set(EVENING)
    assigned(world, name="Zoe")
    world.pass_time(hours=10)
    assert "gave you Zoe" in ann.inbox()[0].title
    assert "Why this?" in ann.inbox()[0].buttons
    assert "gave L-" in ann.taps(ann.inbox()[0], "Why this?").text


def test_a_reminder_comes_at_its_minute_also_at_night(world, ann):
    told(world, "notify quiet 21:00-8:00")
    with world.database.begin(world.acme.org_id) as uow:
        build.task(uow, world.acme, "ann", due_at=EVENING)
    world.pass_time(hours=12)
    assert ann.inbox()[0].title.startswith("Due: ")


OFFERING = """
notices: {quiet: "21:00-8:00"}
dispatch:
- {name: web, to: {members: [ann@acme.example]}, working_hours: false, mode: offer, accept_within: %s}
"""


@pytest.mark.parametrize(("within", "at_once"), [("20m", True), ("12h", False)])
def test_an_offer_at_night_is_never_lost_by_sleeping(world, ann, within, at_once):
    rules(world, OFFERING % within)
    world.time.set(EVENING)
    ref = world.arrives(by_rule=True)
    assert len(ann.inbox()) == at_once
    world.pass_time(hours=10)
    cards = ann.inbox()
    assert len(cards) == 1
    answer = told(world, f"accept {ref}")
    assert ("Yours" in answer) is not at_once
    assert world.count("select count(*) from offer where org_id = :o and state = 'accepted'", o=world.acme.org_id) == (
        not at_once
    )


def test_once_a_day_means_one_card_at_its_hour_each_day(world, ann):
    told(world, "notify leads only summary")
    told(world, "notify summary 18:00")
    for _day in range(2):
        assigned(world)
        assigned(world)
        world.pass_time(hours=24)
    assert titles(ann.inbox()) == ["2 notices that waited"] * 2


def test_many_of_a_kind_are_one_line_that_opens_as_their_list(world, ann):
    told(world, "notify leads only summary")
    for name in ("Zoe", "Grace", "Mary", "Lu"):
        assigned(world, name=name)
    touched(world, a_lead(world))
    world.pass_time(hours=24)
    card = ann.inbox()[-1]
    assert "4 leads were given to you" in card.text
    assert "Mary" in ann.taps(card, "Open").text


# What does not come


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_off_does_not_come_and_is_found_under_missed(world, platform):
    ann = world.chat(platform, "ann")
    shown = ann.says("notify leads off")
    assert "off; to be seen with: my" in shown.text
    assert state(world, assigned(world, name="Zoe")) == ("dropped", "off")
    assert "Zoe" not in "".join(card.text + card.title for card in ann.inbox())
    missed = ann.says("notify missed")
    assert "gave you Zoe" in missed.text
    assert "Zoe" in ann.taps(missed, "Open").title


def test_what_nobody_may_miss_comes_once_a_day_where_it_is_off(world, ann):
    told(world, "notify losses off")
    told(world, "notify reminders off")
    for _ in range(2):
        push(world, "leads.moved_away", leads=[a_lead(world)], by=world.acme.member["mia"])
    assert ann.inbox() == []
    world.pass_time(hours=24)
    assert titles(ann.inbox()) == ["2 notices that waited"]


def test_a_muted_lead_is_quiet_alone_and_in_lists(world, ann):
    loud = [a_lead(world, name=f"Loud {number}") for number in range(4)]
    quiet = a_lead(world, name="Quiet")
    with world.database.begin(world.acme.org_id) as uow:
        ref = f"L-{build.read(uow, quiet).number}"
    assert "until you unmute it" in told(world, f"mute {ref}")
    assert state(world, touched(world, quiet)) == ("dropped", "muted")
    with world.database.begin(world.acme.org_id) as uow:
        for lead in [*loud, quiet]:
            uow.notify(
                "lead.woken", to=world.acme.member["ann"], lead=lead, key=f"w{lead}", data={"lead": lead}, together="w"
            )
    world.run_jobs()
    assert titles(ann.inbox()) == ["4 leads are back again"]
    assert "Quiet" not in ann.inbox()[0].text
    told(world, f"unmute {ref}")
    assert state(world, touched(world, quiet))[0] == "sent"


def test_beyond_the_daily_cap_the_rest_comes_together(world, ann):
    told(world, "notify max 2")
    for _ in range(4):
        assigned(world)
    with world.database.begin(world.acme.org_id) as uow:
        build.task(uow, world.acme, "ann", due_at=uow.now)
    world.pass_time(minutes=1)
    assert len(ann.inbox()) == 3  # the reminder is asked for
    world.pass_time(hours=24)
    assert titles(ann.inbox())[3:] == ["2 notices that waited"]
    assert state(world, assigned(world))[0] == "sent"


def test_a_team_gets_no_copies_where_the_rules_say_so_until_somebody_wants_them(world):
    rules(world, "notices: {teams: {north: {copies: false}}}")
    data = {"owner": world.acme.member["ann"], "until": EVENING.isoformat()}
    for name, came in (("mia", "dropped"), ("max", "sent")):
        world.chat("playground", name)
        assert state(world, push(world, "response.copy", to=name, lead=a_lead(world), **data))[0] == came
    told(world, "notify copies on", "mia")
    assert state(world, push(world, "response.copy", to="mia", lead=a_lead(world), **data))[0] == "sent"


def test_a_topic_comes_to_the_chat_that_was_asked_for(world):
    slack, wecom = world.chat("slack", "ann"), world.chat("wecom", "ann")
    told(world, "notify leads slack")
    assigned(world)
    touched(world, a_lead(world))
    assert ["gave you" in card.title for card in slack.inbox()] == [True]
    assert "came in again" in wecom.inbox()[-1].title
    assert "Reset" in wecom.says("通知").buttons


def test_a_chat_in_which_one_is_not_is_refused(scene):
    scene.write("delete from chat_identity where org_id = :o and workspace_id = :w", w=scene.acme.workspace["slack"])
    assert "Type it like this: notify warnings off" in said_to(scene, "notify leads slack")


# The words


SAID = {
    "notify warnings off": "off; to be seen with: Today",
    "通知 公海 关": "off; to be seen with: pool",
    "notify pool only digest": "Pool news\n  once a day, at 09:00",
    "通知 预警 只汇总": "Warnings\n  once a day, at 09:00",
    "notify quiet 21:00-8:00": "Quiet: 21:00-08:00",
    "通知 静默 22-7": "Quiet: 22:00-07:00",
    "notify max 20": "A day: at most 20",
    "通知 上限 30条": "A day: at most 30",
    "notify summary 18:00": "Summary: 18:00",
    "notify warnings on": "Warnings\n  at once",
    "notify warnings: wecom": "at once · WeCom",
    "notify warnings": "go back to the pool soon",
    "notify reset": "Summary: 09:00",
    "notify everything loudly": "Type it like this: notify warnings off",
    "notify max 0": "Type it like this: notify max 20",
    "notify quiet tonight": "Type it like this: notify quiet 21:00-8:00",
    "notify summary 25:00": "Type it like this: notify summary 18:00",
    "notify warnings maybe": "Type it like this: notify warnings off",
}


def test_wishes_are_said_in_words(scene):
    said = {words: said_to(scene, words) for words in SAID}
    assert {words: shows for words, shows in SAID.items() if shows not in said[words]} == {}


def test_own_words_win_over_the_organizations_and_reset_brings_those_back(scene):
    ruled(scene, 'notices: {quiet: "20:00-9:00", per_day: 50, teams: {north: {per_day: 30}}}')
    assert "Quiet: 20:00-09:00\nA day: at most 30" in said_to(scene, "notify")
    assert "A day: at most 50" in said_to(scene, "notify", "cyd")
    said_to(scene, "notify quiet off")
    assert "Quiet: no quiet hours\nA day: as many as there are" in said_to(scene, "notify max off")
    assert "Quiet: 20:00-09:00\nA day: at most 30" in said_to(scene, "notify reset")


def test_a_wish_is_undone_by_one_word(scene):
    said_to(scene, "notify warnings off")
    said_to(scene, "notify max 20")
    assert "as many as there are" in (shown := said_to(scene, "undo"))
    assert "off; to be seen with: Today" in shown
    assert "Nothing to undo" in said_to(scene, "undo")


def test_everything_can_be_tapped(world, ann):
    card = ann.says("notify")
    one = ann.taps(card, "Change")
    after = ann.taps(one, "Once a day")
    assert "once a day, at 09:00" in after.text
    form = ann.taps(after, "Quiet hours")
    assert "Quiet: 22:00-07:00" in ann.submits(form, quiet="22-7").text
    assert "no quiet hours" in ann.taps(ann.says("notify"), "Reset").text


def test_muted_leads_are_forgotten_when_their_time_is_over(scene):
    ref = scene.lead(owner="ann")
    assert f"Muted: {ref}" in said_to(scene, f"mute {ref} for 3 days") + said_to(scene, "notify")
    scene.time.advance(days=4)
    assert "Muted" not in said_to(scene, "notify max 9")
    with scene.uow() as uow:
        kept = text("select preferences->'notify'->'now'->'muted' from member where id = :me")
        assert uow.session.scalar(kept, {"me": scene.acme.member["ann"]}) == {}
