"""P15 in Slack: what each refusal and each silence of the server means for a message."""

import http.client
from urllib.error import URLError

import pytest

from bot.cards.model import Card, Text
from bot.platforms.base import (
    Address,
    CardGone,
    InstallationDead,
    OutcomeUnknown,
    RecipientGone,
    Rejected,
    Throttled,
    TriggerExpired,
    Unavailable,
    Workspace,
)
from bot.platforms.slack import SlackPlatform
from bot.platforms.slack_errors import BlocksRefused, NotInChannel, TooManyBlocks, from_http, meaning
from crm.settings import Settings
from tests.doubles.slack import TOKEN, SlackDouble
from tests.doubles.slack_http import Fault, Reply, broken, refused, throttled

CARD = Card("ACME", (Text("13800138000 secret words"),))
WORKSPACE = Workspace(1, 1, "slack", "T1", secrets={"bot_token": TOKEN})
MEANINGS = {
    "channel_not_found": RecipientGone,
    "not_in_channel": NotInChannel,
    "is_archived": RecipientGone,
    "user_not_found": RecipientGone,
    "account_inactive": InstallationDead,
    "token_revoked": InstallationDead,
    "invalid_auth": InstallationDead,
    "invalid_blocks": BlocksRefused,
    "msg_blocks_too_long": TooManyBlocks,
    "msg_too_long": Rejected,
    "no_text": Rejected,
    "missing_scope": Rejected,
    "a_code_nobody_knows": Rejected,
    "message_not_found": CardGone,
    "edit_window_closed": CardGone,
    "expired_trigger_id": TriggerExpired,
    "trigger_exchanged": TriggerExpired,
    "internal_error": OutcomeUnknown,
    "fatal_error": OutcomeUnknown,
    "service_unavailable": Unavailable,
    "ratelimited": Throttled,
    "rate_limited": Throttled,
}


@pytest.fixture
def server():
    double = SlackDouble()
    double.user("U1")
    yield double
    double.stop()


@pytest.fixture
def send(server):
    platform = SlackPlatform(Settings(slack_api_url=server.api_url), timeout=20)
    return lambda to="U1": platform.send(WORKSPACE, Address("person", to), CARD, key="m1")


@pytest.mark.parametrize(("code", "kind"), MEANINGS.items())
def test_each_code_of_slack_has_one_meaning(code, kind):
    assert type(from_http(200, {}, code)) is kind


@pytest.mark.parametrize(("given", "wait"), [(1, 1), (30, 30), (None, 10)])
def test_the_wait_that_slack_asks_for_is_obeyed(server, send, given, wait):
    server.faults.add("chat.postMessage", throttled(given))
    with pytest.raises(Throttled) as caught:
        send()
    assert caught.value.retry_after == wait
    assert server.count("chat.postMessage") == 1


@pytest.mark.parametrize("given", ["soon", "-1", "1.5", "٣", "9" * 30])
def test_a_wait_that_is_no_number_of_seconds_does_no_harm(given):
    failure = from_http(429, {"retry-after": given}, "")
    assert isinstance(failure, Throttled)
    assert 0 < failure.retry_after <= 3600


@pytest.mark.parametrize("status", [500, 502, 504])
def test_an_error_of_the_server_may_have_posted(server, send, status):
    server.faults.add("chat.postMessage", broken(status))
    with pytest.raises(OutcomeUnknown, match=f"slack_http_{status}"):
        send()


def test_a_busy_server_has_not_posted(server, send):
    server.faults.add("chat.postMessage", broken(503))
    with pytest.raises(Unavailable, match="slack_http_503") as caught:
        send()
    assert type(caught.value) is Unavailable


@pytest.mark.parametrize(
    "fault",
    [Fault(cut=True), Fault(truncate=True), Fault(Reply("not json")), Fault(Reply("[]")), Fault(Reply(""))],
    ids=["cut", "truncated", "not JSON", "a list", "empty"],
)
def test_an_answer_that_is_lost_or_garbled_leaves_the_outcome_unknown(server, send, fault):
    server.faults.add("chat.postMessage", fault)
    with pytest.raises(OutcomeUnknown):
        send()


def test_a_server_that_hangs_is_left_after_the_time_out(server):
    platform = SlackPlatform(Settings(slack_api_url=server.api_url), timeout=1)
    server.faults.add("chat.postMessage", Fault(hang=60, acts=True))
    with pytest.raises(OutcomeUnknown, match="slack_timeout"):
        platform.send(WORKSPACE, Address("person", "U1"), CARD, key="m1")


def test_a_server_that_is_not_there_has_not_posted():
    platform = SlackPlatform(Settings(slack_api_url="http://127.0.0.1:9/api/"), timeout=1)
    with pytest.raises(Unavailable, match="slack_unreachable") as caught:
        platform.send(WORKSPACE, Address("person", "U1"), CARD, key="m1")
    assert type(caught.value) is Unavailable


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), OutcomeUnknown),
        (URLError(TimeoutError()), OutcomeUnknown),
        (URLError(ConnectionRefusedError()), Unavailable),
        (ConnectionResetError(), OutcomeUnknown),
        (http.client.IncompleteRead(b""), OutcomeUnknown),
        (AttributeError("list has no get"), OutcomeUnknown),
    ],
)
def test_each_way_to_lose_a_connection_has_one_meaning(error, kind):
    assert type(meaning(error)) is kind


def test_a_missing_scope_is_named(server, send):
    server.faults.add("chat.postMessage", refused("missing_scope", needed="chat:write", provided="commands"))
    with pytest.raises(Rejected, match="missing_scope: needs chat:write"):
        send()


def test_a_cause_points_at_the_place_but_never_repeats_what_was_said(server, send):
    told = {"messages": ["[ERROR] bad url: 13800138000 secret words [json-pointer:/blocks/1/text]"]}
    server.faults.add("chat.postMessage", *[refused("no_permission", response_metadata=told)])
    with pytest.raises(Rejected) as caught:
        send()
    assert caught.value.cause == "no_permission: /blocks/1/text"


def test_an_unknown_person_is_gone(send):
    with pytest.raises(RecipientGone):
        send("U404")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (throttled(7), Throttled),
        (broken(500), OutcomeUnknown),
        (broken(503), Unavailable),
        (Fault(cut=True), OutcomeUnknown),
        (Fault(Reply("invalid_payload", 400)), Rejected),
    ],
)
def test_a_response_url_fails_in_the_same_words(server, fault, kind):
    platform = SlackPlatform(Settings(slack_api_url=server.api_url), timeout=20)
    server.faults.add("hook", fault)
    with pytest.raises(kind):
        platform.send(WORKSPACE, Address("answer", server.response_url("U1", "C1")), CARD, key="m1")


def test_a_response_url_at_a_server_that_is_not_there_has_not_posted():
    platform = SlackPlatform(Settings(slack_api_url="http://127.0.0.1:9/api/"), timeout=1)
    with pytest.raises(Unavailable, match="response_url_unreachable"):
        platform.send(WORKSPACE, Address("answer", "http://127.0.0.1:9/hooks/1#U1"), CARD, key="m1")
