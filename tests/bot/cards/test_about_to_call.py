"""Who is about to call a customer with whom a colleague has just spoken is told so, wherever the number stands."""

import pytest
from sqlalchemy import text

from tests.bot.cards.scene import Scene

SPOKE = "Bob Chen spoke with this customer 2 h ago"
OTHER_LINE = text(
    """
    with line as (insert into line (org_id, key, name) values (:o, 'repeat', 'Repeat') returning id)
    update lead l set person_id = p.person_id, line_id = line.id from lead p, line
    where l.org_id = :o and p.org_id = :o and 'L-' || l.number = :one and 'L-' || p.number = :other
    """
)


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def one_person(scene, one, other):
    """The first lead is another line's of the second one's customer."""
    with scene.uow() as uow:
        uow.session.execute(OTHER_LINE, {"o": uow.org_id, "one": one, "other": other})


def plain(scene, shown):
    return scene.draw(shown).plain()


@pytest.mark.parametrize(("way", "owner"), [("lead", "ann"), ("claim", None)])
def test_a_call_at_another_line_of_the_customer_is_told_before_the_next_one(scene, way, owner):
    bobs, anns = scene.lead(owner="bob"), scene.lead(owner=owner)
    one_person(scene, anns, bobs)
    scene.say("bob", f"log {bobs} called, interested")
    scene.time.advance(hours=2)
    assert SPOKE in plain(scene, scene.say("ann", f"{way} {anns}"))


def test_a_reminder_to_call_tells_it_too(scene):
    bobs, anns = scene.lead(owner="bob"), scene.lead(owner="ann")
    one_person(scene, anns, bobs)
    scene.say("ann", f"remind {anns} in 2 hours")
    scene.say("bob", f"log {bobs} called, interested")
    scene.falls_due(hours=2)
    assert SPOKE in plain(scene, scene.owed("task.due", to="ann"))


def test_a_call_longer_ago_than_the_cool_down_is_told_no_more(scene):
    bobs, anns = scene.lead(owner="bob"), scene.lead(owner="ann")
    one_person(scene, anns, bobs)
    scene.say("bob", f"log {bobs} called, interested")
    scene.time.advance(days=60)
    assert "spoke with" not in plain(scene, scene.say("ann", f"lead {anns}"))


def test_both_phones_of_a_customer_who_was_two_tell_one_story(scene):
    first, second = scene.lead(owner="ann", name="Zoe Li"), scene.lead(owner="ann", name="Zoe")
    scene.say("ann", f"log {first} called, interested")
    scene.say("ann", f"log {second} wechat, wants a quote, call back tomorrow 3pm")
    planned = scene.draw(scene.say("ann", f"merge {first} {second}"))
    tapped = next(button for button in planned.buttons() if button.action == "merge.confirm")
    scene.tap("ann", tapped.action, tapped.value)
    told = plain(scene, scene.say("ann", f"lead {second}"))
    assert ("called, interested" in told, "wants a quote" in told, "tomorrow 15:00" in told) == (True, True, True)
