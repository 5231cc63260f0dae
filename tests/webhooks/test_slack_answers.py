"""Slack's door: every kind of request gets the right answer, also when something goes wrong."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.cards.model import Card, Image
from bot.dispatcher import DatabaseAway
from bot.interaction import Answer, Interaction
from tests.doubles.slack_http import Fault, refused
from tests.drivers.slack_wire import SECRET, Wire
from tests.webhooks.slack_kit import IN_DM, LOG, element, shows, staged


def test_a_command_is_answered_in_the_response_for_the_person_alone(stage):
    stage.script.answers["my"] = shows("Your leads")
    said = stage.wire.command("U1", "my", "C1").json()
    assert (said["response_type"], said["text"], said["unfurl_links"]) == ("ephemeral", "Your leads", False)
    assert stage.server.answered(said, "U1", "C1").blocks[0]["type"] == "header"


def test_an_answer_for_all_is_shown_to_all(stage):
    stage.script.answers["digest"] = shows("Digest", private=False)
    assert stage.wire.command("U1", "digest", "C1").json()["response_type"] == "in_channel"


def test_a_picture_follows_the_acknowledgement(stage):
    stage.script.answers["funnel"] = Answer(card=Card("Funnel", (Image(b"\x89PNG", "12 new"),)))
    response = stage.wire.command("U1", "funnel", "C1")
    (message,) = stage.server.wait(lambda: stage.server.standing("C1"))
    assert (response.text, message.seen_by, message.blocks[1]["type"]) == ("", "U1", "image")


@pytest.mark.parametrize("say", ["command", "tap", "shortcut"])
def test_a_form_opens_behind_the_acknowledgement(stage, posted, say):
    stage.script.answers |= {"log": Answer(form=LOG), "lead.claim": Answer(form=LOG), "lead.new": Answer(form=LOG)}
    trigger = stage.server.trigger()
    calls = {
        "command": lambda: stage.wire.command("U1", "log", "C1"),
        "tap": lambda: stage.wire.interact(stage.wire.tap("U1", posted["C1"], element(posted["C1"], "Claim"))),
        "shortcut": lambda: stage.wire.interact(
            stage.wire.interaction("shortcut", "U1", callback_id="lead.new", trigger_id=trigger)
        ),
    }
    response = calls[say]()
    opened = stage.server.wait(lambda: list(stage.server.opened.values()))
    assert (response.status_code, response.text) == (200, "")
    assert opened[0]["callback_id"] == "lead.log"


def test_a_form_that_comes_too_late_is_asked_for_again(stage):
    stage.script.answers["log"] = Answer(form=LOG)
    stage.server.faults.add("views.open", refused("expired_trigger_id"))
    stage.wire.command("U1", "log", "C1")
    (message,) = stage.server.wait(lambda: stage.server.standing("C1"))
    assert (message.seen_by, "tap again" in message.text) == ("U1", True)


def test_a_form_asked_for_in_a_message_opens_with_one_tap(stage):
    stage.script.answers |= {"log L-12": Answer(form=LOG), "command": Answer(form=LOG)}
    stage.wire.push(stage.wire.event(IN_DM | {"text": "log L-12"}))
    (message,) = stage.server.wait(lambda: stage.server.standing("D1"))
    stage.wire.interact(stage.wire.tap("U1", message, element(message, "button")))
    stage.server.wait(lambda: stage.server.opened)
    assert (stage.script.asked[1].action, stage.script.asked[1].value) == ("command", "log L-12")


def test_errors_keep_a_form_open_and_stand_beside_their_fields(stage):
    view = {"id": "V1", "type": "modal", "callback_id": "lead.log", "private_metadata": ""}
    stage.script.answers["lead.log"] = Answer(errors={"note": "Say what happened.", "elsewhere": "And when."})
    said = stage.wire.interact(stage.wire.submit("U1", view, {"note": {"value": "x"}, "day": {"value": None}})).json()
    assert said == {"response_action": "errors", "errors": {"note": "Say what happened. And when."}}


def test_the_next_form_takes_the_place_of_the_submitted_one(stage):
    view = {"id": "V1", "type": "modal", "callback_id": "first", "private_metadata": ""}
    stage.script.answers["first"] = Answer(form=LOG)
    said = stage.wire.interact(stage.wire.submit("U1", view, {"note": {"value": "x"}})).json()
    assert (said["response_action"], said["view"]["callback_id"]) == ("update", "lead.log")


def test_the_home_page_is_published_when_opened(stage):
    stage.script.answers["today"] = shows("Today")
    stage.wire.push(stage.wire.event({"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"}))
    home = stage.server.wait(lambda: stage.server.homes.get("U1"))
    assert (stage.asked.kind, home["blocks"][0]["text"]["text"]) == ("home", "Today")


def test_a_tap_on_the_home_page_is_answered_by_the_page_drawn_anew(stage):
    stage.script.answers |= {"task.done": shows("Done", replace=True), "today": shows("Today")}
    action = {"type": "button", "action_id": "task.done", "value": "7", "action_ts": "1.1"}
    facts = {"view": {"id": "V1", "type": "home"}, "container": {"type": "view", "view_id": "V1"}, "actions": [action]}
    stage.wire.interact(stage.wire.interaction("block_actions", "U1", trigger_id=stage.server.trigger(), **facts))
    stage.server.wait(lambda: stage.server.homes.get("U1"))
    assert [asked.kind for asked in stage.script.asked] == ["action", "home"]
    assert stage.server.standing("D1") == [] == list(stage.server.opened)


def test_an_answer_takes_the_place_of_the_tapped_card(stage, posted):
    stage.script.answers["lead.claim"] = shows("Yours", replace=True)
    stage.wire.interact(stage.wire.tap("U1", posted["C1"], element(posted["C1"], "Claim")))
    stage.server.wait(lambda: posted["C1"].edits)
    assert posted["C1"].text == "Yours"


def test_slack_that_hangs_does_not_hold_up_the_acknowledgement(stage):
    stage.script.answers["log"] = Answer(form=LOG)
    stage.server.faults.add("views.open", *[Fault(hang=1)] * 4)
    assert [stage.wire.command("U1", "log", "C1").status_code for _ in range(4)] == [200] * 4
    assert stage.server.wait(lambda: stage.server.count("views.open") == 4)
    assert stage.server.opened == {}


def test_the_end_of_the_server_waits_for_answers_under_way():
    async def stop(app):
        async with app.router.lifespan_context(app):
            """Started; now it ends."""

    with staged() as stage:
        stage.script.answers["log"] = Answer(form=LOG)
        stage.server.faults.add("views.open", Fault(hang=0.2, acts=True))
        stage.wire.command("U1", "log", "C1")
        # In a thread of its own: one in which a browser was driven has a loop already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, stop(stage.app)).result()
        assert stage.server.opened


# When things go wrong


def away() -> list[Exception]:
    return [DatabaseAway(), OperationalError("select", {}, Exception("gone"))]


@pytest.mark.parametrize("error", away(), ids=["dispatcher", "workspaces"])
def test_without_its_database_a_command_gets_a_sentence_and_an_event_is_asked_for_again(stage, error):
    stage.script.answers |= {"my": error}
    said = stage.wire.command("U1", "my", "C1")
    pushed = stage.wire.push(stage.wire.event(IN_DM | {"text": "my"}))
    assert (said.status_code, "database" in said.json()["text"]) == (200, True)
    assert pushed.status_code == 503


def test_without_its_database_a_tap_gets_a_sentence_and_a_form_stays_open(stage, posted):
    stage.script.answers |= {"lead.claim": DatabaseAway(), "lead.log": DatabaseAway()}
    view = {"id": "V1", "type": "modal", "callback_id": "lead.log", "private_metadata": ""}
    tapped = stage.wire.interact(stage.wire.tap("U1", posted["C1"], element(posted["C1"], "Claim")))
    sent = stage.wire.interact(stage.wire.submit("U1", view, {"note": {"value": "x"}}))
    words = stage.server.wait(lambda: stage.server.standing("C1")[1:])[0]
    assert (tapped.status_code, words.seen_by, "database" in words.text) == (200, "U1", True)
    assert "database" in sent.json()["errors"]["note"]


def test_installations_that_cannot_be_read_are_a_database_that_is_away(stage):
    stage.installed.error = OperationalError("select", {}, Exception("gone"))
    assert "database" in stage.wire.command("U1", "my", "C1").json()["text"]
    assert stage.wire.push(stage.wire.event(IN_DM | {"text": "my"})).status_code == 503


def test_a_workspace_that_is_not_connected_is_told_so_once_and_for_all(stage):
    stage.installed.known = []
    said = stage.wire.command("U1", "my", "C1")
    pushed = stage.wire.push(stage.wire.event(IN_DM | {"text": "my"}))
    assert (said.status_code, "not connected" in said.json()["text"], pushed.status_code) == (200, True, 200)
    assert (stage.script.asked, stage.server.calls) == ([], [])


def test_a_crash_shows_a_code_that_is_in_the_log(stage):
    stage.script.answers["my"] = RuntimeError("a bug")
    with capture_logs() as log:
        said = stage.wire.command("U1", "my", "C1")
    code = said.json()["text"].split(": ")[1].split(" / ")[0]
    assert (said.status_code, len(code)) == (200, 8)
    assert [line["code"] for line in log if line["event"] == "slack.failed"] == [code]


def test_a_crash_lets_slack_repeat_an_event(stage):
    stage.script.answers["my"] = RuntimeError("a bug")
    assert stage.wire.push(stage.wire.event(IN_DM | {"text": "my"})).status_code == 500


def test_either_of_two_secrets_is_valid_while_one_is_rotated(stage):
    former = Wire(stage.wire.url.split("/")[2], stage.server, "the former secret")
    answers = [wire.command("U1", "my", "C1").status_code for wire in (stage.wire, former) * 50]
    former.close()
    assert answers == [200] * 100


def test_bolt_looks_for_nothing_in_the_environment(monkeypatch):
    for name in ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        monkeypatch.setenv(name, "somebody else's")
    with staged() as stage:
        assert stage.wire.command("U1", "my", "C1").status_code == 200
        assert stage.server.calls == []
        assert isinstance(stage.asked, Interaction)
        assert stage.wire.secret == SECRET
