"""Modals of Slack: opened in time, filled when there is something, changed by what is chosen in them."""

import threading
from collections.abc import Mapping

import pytest

from bot.cards.model import Actions, Button, Card, Form, Input, Option, Text
from bot.interaction import Answer
from tests.doubles.slack import Message
from tests.doubles.slack_http import refused
from tests.webhooks.slack_kit import shows
from webhooks import slack_answers

OUTCOMES = (Option("talked", "Talked"), Option("lost", "Lost"))
LOG = Form(
    "lead.log", "Log", "Save",
    (
        Input("outcome", "How did it go?", "select", OUTCOMES, optional=True),
        Input("note", "What happened?"),
        Input("reason", "Why did we lose it?", only_if="outcome=lost"),
    ),
    "L-12",
)  # fmt: skip
OPEN = Card(
    "A lead", (Text("Words"), Actions((Button("lead.log", "Log", "L-12"), Button("lead.open", "Open", "L-12"))))
)


def shown(view: Mapping) -> list[str]:
    """The fields of a form."""
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def button(card: Card, number: int) -> dict:
    from bot.platforms import slack_blocks

    return slack_blocks.blocks(card)[-1]["elements"][number]


def home_tap(stage, action: str, value: str = "") -> dict:
    view = {"id": "VH", "type": "home", "callback_id": ""}
    return stage.wire.tap_view("U1", view, {"type": "button", "action_id": action, "value": value})


def opened(stage) -> dict:
    """The one modal that stands open."""
    return stage.server.wait(lambda: next(iter(stage.server.views.values()), None))


def test_a_card_asked_for_on_the_home_page_opens_in_a_modal(stage):
    stage.script.answers |= {"lead.open": Answer(card=OPEN), "today": shows("Home")}
    stage.wire.interact(home_tap(stage, "lead.open", "L-12"))
    view = stage.server.wait(lambda: next(iter(stage.server.opened.values()), None))
    assert (view["callback_id"], view["title"]["text"]) == ("card", "A lead")
    assert stage.server.messages == []


def test_a_tap_in_a_modal_changes_the_modal(stage):
    stage.script.answers |= {"lead.open": Answer(card=Card("Deeper"))}
    view = stage.server._view({"view": dict(VIEW)}, "modal")
    stage.wire.interact(stage.wire.tap_view("U1", view, button(OPEN, 1)))
    stage.server.wait(lambda: stage.server.views[view["id"]]["title"]["text"] == "Deeper")
    assert stage.asked.handle == {"view": view["id"]}


def test_a_form_asked_for_in_a_modal_takes_its_place_and_its_answer_too(stage):
    stage.script.answers["lead.log"] = Answer(form=LOG)
    view = stage.server._view({"view": dict(VIEW)}, "modal")
    stage.wire.interact(stage.wire.tap_view("U1", view, button(OPEN, 0)))
    form = stage.server.wait(lambda: stage.server.views[view["id"]]["callback_id"] == "lead.log" and view)
    stage.script.answers["lead.log"] = shows("Logged", replace=True)
    sent = stage.wire.submit("U1", stage.server.views[form["id"]], {"note": {"value": "called"}})
    body = stage.wire.interact(sent).json()
    assert (body["response_action"], body["view"]["title"]["text"]) == ("update", "Logged")


def test_a_modal_that_was_closed_meanwhile_leaves_its_answer_in_the_chat(stage):
    stage.script.answers["lead.open"] = Answer(card=Card("Deeper"))
    stage.server.faults.add("views.update", refused("not_found"))
    view = stage.server._view({"view": dict(VIEW)}, "modal")
    stage.wire.interact(stage.wire.tap_view("U1", view, button(OPEN, 1)))
    stage.server.wait(lambda: [each for each in stage.server.standing("D1") if each.text == "Deeper"])


VIEW = {
    "type": "modal", "callback_id": "card", "title": {"type": "plain_text", "text": "A lead"},
    "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Words"}}],
}  # fmt: skip


@pytest.fixture
def slow(stage, monkeypatch):
    """The form takes longer than anybody waits before an empty screen."""
    monkeypatch.setattr(slack_answers, "PATIENCE", 0.05)

    def answers(action: str, answer: Answer) -> None:
        def late(asked):
            stage.server.wait(lambda: [each for each in stage.server.views.values() if each["callback_id"] == "wait"])
            return answer

        monkeypatch.setattr(stage.script, "dispatch", late)

    return answers


def tapped(stage) -> Message:
    message = stage.server.show(Message("D1", "1700000009.000100", "A lead", []))
    stage.wire.interact(stage.wire.tap("U1", message, button(OPEN, 0)))
    return message


def test_a_form_that_takes_long_finds_its_place_held(stage, slow):
    slow("lead.log", Answer(form=LOG))
    tapped(stage)
    stage.server.wait(lambda: opened(stage)["callback_id"] == "lead.log")
    assert stage.server.count("views.open") == 1


def test_a_refusal_that_takes_long_is_told_in_the_place_held(stage, slow):
    slow("lead.log", shows("No longer with you"))
    tapped(stage)
    stage.server.wait(lambda: opened(stage)["title"]["text"] == "No longer with you")


def test_an_answer_that_comes_by_a_message_lets_nobody_wait_before_an_empty_modal(stage, slow):
    slow("lead.log", Answer())
    tapped(stage)
    stage.server.wait(lambda: "the chat" in opened(stage)["blocks"][0]["text"]["text"])


def test_a_form_that_is_there_at_once_opens_as_itself(stage):
    stage.script.answers["lead.log"] = Answer(form=LOG)
    tapped(stage)
    stage.server.wait(lambda: stage.server.opened)
    assert [each["callback_id"] for each in stage.server.opened.values()] == ["lead.log"]
    assert stage.server.count("views.update") == 0


def test_what_is_chosen_decides_what_else_is_asked(stage):
    stage.script.answers["lead.log"] = Answer(form=LOG)
    tapped(stage)
    view = stage.server.wait(lambda: next(iter(stage.server.opened.values()), None))
    assert shown(view) == ["outcome", "note"]
    lost = {"selected_option": {"text": {"type": "plain_text", "text": "Lost"}, "value": "lost"}}
    filled = view | {"state": {"values": {"outcome": {"v": lost}, "note": {"v": {"value": "too dear"}}}}}
    stage.wire.interact(stage.wire.tap_view("U1", filled, view["blocks"][0]["element"], **lost))
    stage.server.wait(lambda: shown(stage.server.views[view["id"]]) == ["outcome", "note", "reason"])
    assert stage.server.views[view["id"]]["private_metadata"] == view["private_metadata"]


def test_a_trigger_that_has_expired_asks_for_another_tap(stage):
    stage.script.answers["lead.log"] = Answer(form=LOG)
    message = stage.server.show(Message("D1", "1700000009.000100", "A lead", []))
    tap = stage.wire.tap("U1", message, button(OPEN, 0))
    stage.server.skew = 4
    stage.wire.interact(tap)
    stage.server.wait(lambda: [each for each in stage.server.standing("D1") if "tap again" in each.text])


def test_a_drill_down_opens_beside_the_card_and_leaves_it_as_it_is(stage):
    stage.script.answers["lead.open"] = Answer(card=Card("Leads of a stage"), glance=True)
    message = stage.server.show(Message("C1", "1700000009.000100", "Digest", []))
    stage.wire.interact(stage.wire.tap("U1", message, button(OPEN, 1)))
    view = stage.server.wait(lambda: next(iter(stage.server.opened.values()), None))
    assert view["title"]["text"] == "Leads of a stage"
    assert message.edits == 0


def test_a_card_for_a_modal_that_comes_too_late_is_told_to_the_person_alone(stage):
    stage.script.answers["lead.open"] = Answer(card=Card("Leads of a stage"), glance=True)
    message = stage.server.show(Message("C1", "1700000009.000100", "Digest", []))
    tap = stage.wire.tap("U1", message, button(OPEN, 1))
    stage.server.skew = 4
    stage.wire.interact(tap)
    stage.server.wait(lambda: [each for each in stage.server.messages if each.seen_by == "U1"])


def test_slack_that_is_slow_to_hold_a_place_does_not_hold_up_the_acknowledgement(stage, monkeypatch):
    monkeypatch.setattr(slack_answers, "PATIENCE", 0.0)
    begun, go = threading.Event(), threading.Event()

    def held(method):
        begun.set()
        go.wait(30)

    def late(asked):
        begun.wait(30)
        return Answer(form=LOG)

    monkeypatch.setattr(stage.server.faults, "take", held)
    monkeypatch.setattr(stage.script, "dispatch", late)
    tapped(stage)
    assert stage.server.count("views.update") == 0
    go.set()
    stage.server.wait(lambda: opened(stage)["callback_id"] == "lead.log")
