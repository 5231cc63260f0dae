"""P9 for Slack: whatever is sent, the answer is below 500, and nothing that Slack did not send is ever done."""

import http.client
import json
import socket
import time
from urllib.parse import quote, urlencode

import pytest

from tests.drivers.slack_wire import FORM, JSON, sign

COMMAND = b"command=%2Fsluice&text=claim+L-1&user_id=U1&team_id=T1&trigger_id=1.2.3&channel_id=C1"
MESSAGE = {"type": "message", "channel_type": "im", "channel": "D1", "user": "U1", "text": "my", "ts": "1.1"}
EVENT = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": MESSAGE}
BUTTON = {"type": "button", "action_id": "lead.claim", "value": "L-1"}
TAP = {"type": "block_actions", "user": {"id": "U1"}, "team": {"id": "T1"}, "actions": [BUTTON]}
VIEW = {"type": "view_submission", "user": {"id": "U1"}, "team": {"id": "T1"}, "view": {"callback_id": "x"}}
DEEP = b"[" * 100_000


def payload(data: object) -> bytes:
    return b"payload=" + quote(data if isinstance(data, (str, bytes)) else json.dumps(data)).encode()


def event(**facts: object) -> bytes:
    return json.dumps(EVENT | facts).encode()


def said(**facts: object) -> bytes:
    return event(event=MESSAGE | facts)


# Signed with the right secret, so that only the shape protects us: a proxy gone mad, a Slack of next year.
SIGNED = {
    "nothing": (b"", JSON),
    "nothing as a form": (b"", FORM),
    "not UTF-8": (b"\xff\xfe\x00", JSON),
    "not UTF-8 as a form": (b"command=\xff\xfe", FORM),
    "bad percent code": (COMMAND + b"&text=%ff%fe", FORM),
    "half a percent code": (COMMAND + b"&text=%e4%b8", FORM),
    "null": (b"null", JSON),
    "a number": (b"1", JSON),
    "a text": (b'"x"', JSON),
    "a list": (b"[]", JSON),
    "an empty object": (b"{}", JSON),
    "half an object": (b'{"type":', JSON),
    "deep lists": (DEEP, JSON),
    "a number without end": (b'{"type":' + b"9" * 10_000 + b"}", JSON),
    "not a number": (b'{"type":NaN}', JSON),
    "half a character": (b'{"type":"url_verification","challenge":"\\ud800"}', JSON),
    "a type that is a list": (b'{"type":[]}', JSON),
    "a type that nobody knows": (b'{"type":"dialog_submission"}', JSON),
    "a challenge that is an object": (b'{"type":"url_verification","challenge":{}}', JSON),
    "a challenge without end": (json.dumps({"type": "url_verification", "challenge": "x" * 5000}).encode(), JSON),
    "an event that is a text": (event(event="x"), JSON),
    "an event that is null": (event(event=None), JSON),
    "an event without a type": (event(event={}), JSON),
    "an event whose type is an object": (said(type={}), JSON),
    "an event id that is an object": (event(event_id={}), JSON),
    "an event id with a line break": (event(event_id="a\nb"), JSON),
    "an event id without end": (event(event_id="x" * 300), JSON),
    "no event id": (json.dumps({"type": "event_callback", "event": {"type": "x"}}).encode(), JSON),
    "an event after all time": (event(event_time=10**30), JSON),
    "an event before all time": (event(event_time=-(10**12)), JSON),
    "authorizations that are a number": (event(authorizations=1), JSON),
    "authorizations of texts": (event(authorizations=["x"]), JSON),
    "a team that is a list": (event(team_id=["T1"]), JSON),
    "no team at all": (event(team_id=None), JSON),
    "a user that is a number": (said(user=1), JSON),
    "a user with a quote": (said(user="U1' or 1=1"), JSON),
    "a channel with a slash": (said(channel="../../etc/passwd"), JSON),
    "a text that is an object": (said(text={"a": 1}), JSON),
    "a text without end": (said(text="x" * 50_000), JSON),
    "a time that is an object": (said(ts={}), JSON),
    "a thread that is a sentence": (said(thread_ts="drop table lead"), JSON),
    "somebody who left without an id": (event(event={"type": "user_change", "user": {"deleted": True}}), JSON),
    "a home without a person": (event(event={"type": "app_home_opened", "tab": "home"}), JSON),
    "tokens that are a list": (event(event={"type": "tokens_revoked", "tokens": []}), JSON),
    "no command": (b"text=x&user_id=U1", FORM),
    "a command without a person": (b"command=%2Fsluice&trigger_id=1.2", FORM),
    "a command with two lines": (COMMAND.replace(b"%2Fsluice", b"%2Fslu%0Aice"), FORM),
    "a command without a team": (COMMAND.replace(b"&team_id=T1", b""), FORM),
    "a command with a trigger of spaces": (COMMAND.replace(b"1.2.3", b"+++"), FORM),
    "a command with an address of another kind": (COMMAND + b"&response_url=file%3A%2F%2F%2Fetc%2Fpasswd", FORM),
    "a thousand fields": (b"&".join(b"f%d=1" % n for n in range(1000)), FORM),
    "a payload of nothing": (b"payload=", FORM),
    "a payload that is a list": (payload([]), FORM),
    "a payload that is half": (payload('{"type":'), FORM),
    "a payload that is deep": (b"payload=" + DEEP, FORM),
    "a payload of no kind": (payload({"type": "interactive_message", "actions": []}), FORM),
    "a tap on nothing": (payload(TAP | {"actions": []}), FORM),
    "a tap on a text": (payload(TAP | {"actions": "x"}), FORM),
    "a tap on a list": (payload(TAP | {"actions": [[]]}), FORM),
    "a tap without an action id": (payload(TAP | {"actions": [{"type": "button"}]}), FORM),
    "a tap whose value is an object": (
        payload(TAP | {"actions": [{"type": "button", "action_id": "a", "value": {}}]}),
        FORM,
    ),
    "a tap by nobody": (payload(TAP | {"user": None}), FORM),
    "a tap by a text": (payload(TAP | {"user": "U1"}), FORM),
    "a tap in a container that is a list": (payload(TAP | {"container": []}), FORM),
    "a tap with an address of another kind": (payload(TAP | {"response_url": "gopher://x"}), FORM),
    "a form without a view": (payload({**VIEW, "view": None}), FORM),
    "a form whose values are a list": (payload(VIEW | {"view": {"state": {"values": []}}}), FORM),
    "a form whose answers are texts": (payload(VIEW | {"view": {"state": {"values": {"a": {"b": "c"}}}}}), FORM),
    "a form with metadata of half an object": (payload(VIEW | {"view": {"private_metadata": "{"}}), FORM),
    "a form with metadata of a list": (payload(VIEW | {"view": {"private_metadata": "[1]"}}), FORM),
    "a form with deep metadata": (payload(VIEW | {"view": {"private_metadata": "[" * 30_000}}), FORM),
    "a shortcut to nowhere": (payload({"type": "shortcut", "user": {"id": "U1"}, "trigger_id": "1"}), FORM),
    "a file": (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x"),
    "XML": (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "application/xml"),
    "JSON that says it is a form": (event(), FORM),
    "a form that says it is JSON": (COMMAND, JSON),
    "no type of content": (COMMAND, ""),
}
NOW, OLD, EARLY = 0, -301, 302
# The body is a good command; only the envelope is wrong.
FORGED = {
    "no signature": {"X_Slack_Signature": ""},
    "another signature": {"X_Slack_Signature": "v0=" + "0" * 64},
    "half a signature": {"X_Slack_Signature": "v0="},
    "a signature of another version": {"X_Slack_Signature": "v1=" + "0" * 64},
    "a signature that is not ASCII": {"X_Slack_Signature": b"v0=\xe4\xb8\xad".decode("latin-1")},
    "a signature without end": {"X_Slack_Signature": "v0=" + "0" * 9000},
    "no time": {"X_Slack_Request_Timestamp": ""},
    "a time that is a word": {"X_Slack_Request_Timestamp": "now"},
    "a negative time": {"X_Slack_Request_Timestamp": "-1"},
    "a time with a point": {"X_Slack_Request_Timestamp": "1531420618.5"},
    "a time with a sign": {"X_Slack_Request_Timestamp": "+1531420618"},
    "a time in Arabic digits": {"X_Slack_Request_Timestamp": "²²²"},
    "a time without end": {"X_Slack_Request_Timestamp": "9" * 5000},
    "no number at all": {"X_Slack_Request_Timestamp": "nan"},
}


@pytest.mark.parametrize(("body", "kind"), SIGNED.values(), ids=SIGNED.keys())
def test_a_signed_request_of_no_shape_of_slacks_is_refused_and_does_nothing(stage, body, kind):
    response = stage.wire.raw(body, kind)
    assert response.status_code == 400
    assert (stage.script.asked, stage.server.calls) == ([], [])


@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize(
    "body", [COMMAND, event(), payload(TAP), DEEP, b"\xff"], ids=["command", "event", "tap", "deep", "bytes"]
)
def test_a_forged_envelope_is_refused_whatever_is_in_it(stage, headers, body):
    response = stage.wire.raw(body, FORM, **headers)
    assert (response.status_code, response.content) == (401, b"")
    assert stage.script.asked == []


@pytest.mark.parametrize("age", [OLD, EARLY, -86_400, 10**9, -(10**9)])
def test_a_request_of_another_time_is_refused(stage, age):
    assert stage.wire.raw(COMMAND, FORM, at=time.time() + age).status_code == 401
    assert stage.script.asked == []


@pytest.mark.parametrize("age", [NOW, -295, 295])
def test_a_request_within_five_minutes_is_taken(stage, age):
    assert stage.wire.raw(COMMAND, FORM, at=time.time() + age).status_code == 200


def test_a_signature_of_another_body_is_refused(stage):
    stamp = str(int(time.time()))
    other = sign(stage.wire.secret, stamp, COMMAND)
    response = stage.wire.raw(COMMAND + b"&text=x", FORM, X_Slack_Signature=other, X_Slack_Request_Timestamp=stamp)
    assert response.status_code == 401


def test_an_unsigned_check_of_the_certificate_is_refused(stage):
    assert stage.wire.raw(b"ssl_check=1&token=x", FORM, X_Slack_Signature="").status_code == 401


def test_a_body_above_the_limit_is_refused_before_its_signature(stage):
    assert stage.wire.raw(b"x" * (1024 * 1024 + 1), FORM).status_code == 413
    assert stage.wire.raw(b"x" * (1024 * 1024), FORM, X_Slack_Signature="").status_code == 401


def test_a_body_that_only_claims_to_be_large_is_not_waited_for(stage):
    assert raw_request(stage, b"Content-Length: 99999999999\r\n\r\n") == 413


def test_a_body_in_chunks_without_end_is_refused_on_the_way(stage):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert raw_request(stage, b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 17) == 413


def test_a_body_that_never_comes_leaves_the_server_standing(stage):
    host, port = stage.wire.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabc")
    assert stage.wire.command("U1", "my", "C1").status_code == 200


def test_the_corpus_has_at_least_a_hundred_requests():
    assert len(SIGNED) + len(FORGED) * 5 >= 100


def test_a_field_that_bolt_would_stumble_over_is_dropped(stage):
    extra = {"event": "x", "authorizations": "x", "team": "x", "view": "x", "actions": "x", "user": "x", "type": "x"}
    assert stage.wire.raw(COMMAND + b"&" + urlencode(extra).encode(), FORM).status_code == 200
    assert stage.asked.user == "U1"


def raw_request(stage, rest: bytes) -> int:
    """The status that a request gets whose end we never send."""
    host, port = stage.wire.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\n" + rest)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.close()
        return answer.status
