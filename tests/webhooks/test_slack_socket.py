"""Socket Mode: the same requests over a connection that we open, answered by the same door."""

import threading
from dataclasses import replace

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.dispatcher import DatabaseAway
from tests.doubles.slack import APP_TOKEN
from tests.doubles.slack_http import refused, throttled
from tests.doubles.slack_socket import SocketDouble
from tests.webhooks.slack_kit import shows
from webhooks import slack_socket
from webhooks.slack import Door, router
from webhooks.slack_socket import Socket

MESSAGE = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "ts": "1700000001.000100"}


@pytest.fixture
def stage(running):
    running.reset()
    running.server.socket = SocketDouble()
    yield running
    running.server.socket.stop()


@pytest.fixture
def opened(stage):
    """A connection that is made and kept up."""
    door = Door(stage.bot)
    socket = Socket(door, token=APP_TOKEN, api_url=stage.server.api_url, look_every=0.02)
    socket.start()
    yield socket
    socket.close()
    door.close()


def test_a_command_is_answered_in_its_acknowledgement(stage, opened):
    stage.script.answers["today"] = shows("Today")
    wire = stage.server.socket
    envelope = wire.send("slash_commands", stage.wire.command_fields("U1", "today", "D1"))
    assert wire.answer(envelope)["text"] == "Today"
    assert stage.asked.text == "today"


def test_an_event_is_acknowledged_and_answered_by_a_message(stage, opened):
    stage.script.answers["my"] = shows("Your leads")
    envelope = stage.server.socket.send("events_api", stage.wire.event(MESSAGE | {"text": "my"}))
    assert stage.server.socket.answer(envelope) == {}
    stage.server.wait(lambda: [each for each in stage.server.messages if each.text == "Your leads"])


def test_a_request_is_the_same_delivery_whichever_way_it_comes(stage, opened):
    event = stage.wire.event(MESSAGE | {"text": "my"}, event_id="Ev77")
    stage.server.socket.answer(stage.server.socket.send("events_api", event))
    stage.wire.push(event)
    first, second = stage.script.asked
    assert first == second


def test_what_is_no_request_of_slack_is_acknowledged_so_that_it_does_not_come_again(stage, opened):
    envelope = stage.server.socket.send("interactive", {"type": "block_actions"})
    assert stage.server.socket.answer(envelope) == {}
    assert stage.script.asked == []


def test_an_event_without_a_database_is_left_for_slack_to_repeat(stage, opened):
    stage.script.answers["my"] = DatabaseAway()
    stage.script.answers["today"] = shows("Today")
    wire = stage.server.socket
    lost = wire.send("events_api", stage.wire.event(MESSAGE | {"text": "my"}))
    later = wire.send("events_api", stage.wire.event(MESSAGE | {"text": "today"}))
    wire.answer(later)
    assert lost not in wire.acks


def test_a_connection_that_is_to_be_moved_is_replaced(stage, opened):
    wire = stage.server.socket
    wire.wait(lambda: wire.connections == 1)
    wire.tell_to_leave()
    wire.wait(lambda: wire.connections == 2)
    wire.answer(wire.send("slash_commands", stage.wire.command_fields("U1", "today", "D1")))


def test_a_connection_that_breaks_is_made_again(stage, opened):
    wire = stage.server.socket
    wire.wait(lambda: wire.connections == 1)
    wire.drop()
    wire.wait(lambda: wire.connections == 2)
    wire.answer(wire.send("slash_commands", stage.wire.command_fields("U1", "today", "D1")))


def test_a_refused_or_throttled_start_is_tried_again(stage):
    stage.server.faults.add("apps.connections.open", throttled(0), refused("internal_error"))
    socket = Socket(Door(stage.bot), token=APP_TOKEN, api_url=stage.server.api_url, look_every=0.02)
    socket.start()
    wire = stage.server.socket
    wire.wait(lambda: wire.connections == 1)
    socket.close()
    assert stage.server.count("apps.connections.open") == 3


def test_what_is_under_way_is_finished_before_the_connection_is_closed(stage):
    begun, go = threading.Event(), threading.Event()

    class Slow:
        def told(self, payload):
            begun.set()
            go.wait(30)
            return Door(stage.bot).told(payload)

    socket = Socket(Slow(), token=APP_TOKEN, api_url=stage.server.api_url, look_every=0.02)
    socket.start()
    envelope = stage.server.socket.send("slash_commands", stage.wire.command_fields("U1", "today", "D1"))
    begun.wait(30)
    closing = threading.Thread(target=socket.close)
    closing.start()
    go.set()
    stage.server.socket.answer(envelope)
    closing.join(30)
    assert not socket.connected


def test_a_connection_that_comes_up_while_we_hang_up_is_hung_up_too(stage):
    wire = stage.server.socket
    wire.may_greet.clear()
    socket = Socket(Door(stage.bot), token=APP_TOKEN, api_url=stage.server.api_url, look_every=0.02)
    socket.start()
    stage.server.wait(lambda: stage.server.count("apps.connections.open"))
    closing = threading.Thread(target=socket.close)
    closing.start()
    socket._stop.wait(30)
    wire.may_greet.set()
    closing.join(30)
    assert not socket.connected
    wire.wait(lambda: wire.left == wire.connections == 1)


def test_a_wrong_token_does_not_keep_the_process_from_stopping(stage, monkeypatch):
    monkeypatch.setattr(slack_socket, "FINISH", 30)
    socket = Socket(Door(stage.bot), token="xapp-wrong", api_url=stage.server.api_url, look_every=600)
    socket.start()
    stage.server.wait(lambda: stage.server.count("apps.connections.open"))
    socket.close()
    assert not socket._keeper.is_alive()


def test_the_web_process_connects_when_it_starts_and_hangs_up_when_it_ends(stage):
    settings = stage.settings.model_copy(update={"slack_app_token": SecretStr(APP_TOKEN)})
    app = FastAPI()
    app.include_router(router(replace(stage.bot, settings=settings)))
    with TestClient(app):
        stage.server.socket.wait(lambda: stage.server.socket.connections == 1)
    stage.server.socket.wait(lambda: stage.server.socket.left == 1)
