"""Whatever is sent, the door answers with a 4xx and a sentence, and text stays text."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.cards.model import Card, Text
from bot.interaction import Answer
from crm.db import Database
from crm.settings import SettingsError
from ops.sockets import Sockets
from tests.drivers.playground_stage import Stage, set_up, valkey

SAY, PRESS, CLOCK = "/playground/api/say", "/playground/api/press", "/playground/api/clock"
JSON = {"content-type": "application/json"}
JUNK: list[tuple[str, Any]] = [
    (SAY, {}),
    (SAY, []),
    (SAY, None),
    (SAY, "text"),
    (SAY, {"as": "", "text": "x"}),
    (SAY, {"as": "a b", "text": "x"}),
    (SAY, {"as": "ann", "text": ""}),
    (SAY, {"as": "ann", "text": {"a": 1}}),
    (SAY, {"as": "ann", "text": "x" * 20_001}),
    (SAY, {"as": "ann", "text": "half \ud83d of an emoji"}),
    (SAY, {"as": "ann", "to": "", "text": "x"}),
    (SAY, {"as": "ann", "to": "group:", "text": "x"}),
    (SAY, {"as": "ann", "to": "../etc", "text": "x"}),
    (SAY, {"as": "ann", "to": "dm:bob", "text": "x"}),
    (SAY, {"as": "ann", "text": "x", "reply_to": 10**30}),
    (SAY, {"as": "ann", "text": "x", "reply_to": 987654321}),
    (SAY, {"as": "ann", "text": "x", "key": "k" * 81}),
    (SAY, {"as": "a\x00b", "text": "x"}),
    (PRESS, {"as": "ann", "message": "one", "action": "x"}),
    (PRESS, {"as": "ann", "message": -1, "action": "x"}),
    (PRESS, {"as": "ann", "message": 1.5, "action": "x"}),
    (PRESS, {"as": "ann", "message": 1, "action": ""}),
    (PRESS, {"as": "ann", "message": 1, "action": "x", "fields": []}),
    (PRESS, {"as": "ann", "message": 1, "action": "x", "fields": {"a": ["b"]}}),
    (PRESS, {"as": "ann", "message": 1, "action": "x", "version": "new"}),
    (CLOCK, {}),
    (CLOCK, {"set": "tomorrow"}),
    (CLOCK, {"set": "9999-12-31T23:59:59Z"}),
    (CLOCK, {"set": "0001-01-01T00:00:00+14:00"}),
    (CLOCK, {"shift": "+1y"}),
    (CLOCK, {"shift": "+99999999999999999999d"}),
    (CLOCK, {"shift": "+1h", "reset": True}),
]
TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "]]> <!channel> @all",
    "zero\x00byte \x1b[31m",
    "عربى \u202e backwards",
    "👩‍👩‍👧‍👦" * 50,
    "\n\n\n",
    "' or 1=1; drop table lead; --",
]


@pytest.mark.parametrize(("path", "body"), JUNK)
def test_junk_is_refused_with_a_sentence(client: TestClient, stage: Stage, path: str, body: Any) -> None:
    answer = client.post(path, content=json.dumps(body), headers=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert stage.script.asked == []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe{}", b"NaN", b'{"as": "ann", "text": "\xe4"}', b"[" * 5000])
def test_what_is_no_json_is_refused(client: TestClient, raw: bytes) -> None:
    answer = client.post(SAY, content=raw, headers=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_kept_as_text_and_heard(client: TestClient, stage: Stage, text: str) -> None:
    stage.script.answers["echo"] = Answer(Card(text, (Text(text),)))
    answer = client.post(SAY, json={"as": "ann", "text": text})
    echo = client.post(SAY, json={"as": "ann", "text": "echo"})
    assert answer.status_code == echo.status_code == 200
    assert echo.json()["answer"]["card"]["title"].replace("\x00", "") == echo.json()["answer"]["card"]["title"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("messages", {}),
        ("messages", {"as": "ann", "since": "soon"}),
        ("messages", {"as": "ann", "since": "-1"}),
        ("messages", {"as": "ann", "since": str(10**40)}),
        ("messages", {"as": "'; --"}),
        ("rendered", {"as": "ann", "message": "0"}),
        ("rendered", {"as": "ann", "message": "1e9"}),
        ("stream", {"as": "a b"}),
        ("people", {"workspace": "elsewhere"}),
        ("messages", {"as": "ann", "workspace": "elsewhere"}),
        ("home", {}),
    ],
)
def test_questions_that_make_no_sense_are_refused(client: TestClient, path: str, params: dict[str, str]) -> None:
    answer = client.get(f"/playground/api/{path}", params=params)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(client: TestClient) -> None:
    answer = client.post(SAY, content=b'{"as":"ann","text":"' + b"x" * 300_000 + b'"}', headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_of_another_site_cannot_speak(client: TestClient, stage: Stage, kind: str) -> None:
    answer = client.post(SAY, content=b'{"as":"ann","text":"x"}', headers={"content-type": kind})
    assert (answer.status_code, stage.script.asked) == (415, [])


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_script_of_another_site_cannot_speak(client: TestClient, stage: Stage, headers: dict[str, str]) -> None:
    answer = client.post(SAY, json={"as": "ann", "text": "x"}, headers=headers)
    assert (answer.status_code, stage.script.asked) == (403, [])


def test_the_own_page_may_speak(client: TestClient) -> None:
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert client.post(SAY, json={"as": "ann", "text": "x"}, headers=headers).status_code == 200


def test_a_foreign_name_for_this_machine_is_not_answered(client: TestClient) -> None:
    assert client.get("/playground", headers={"host": "evil.example:8000"}).status_code == 421
    assert client.get("/playground", headers={"host": "localhost:8000"}).status_code == 200


def test_an_open_address_needs_a_password(database: Database, engines: Sockets) -> None:
    with pytest.raises(SettingsError, match="SLUICE_PLAYGROUND_PASSWORD"):
        set_up(database, valkey(engines), host="0.0.0.0")


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), (("any", "wrong"), 401), (("any", "ünläut"), 401), (("any", "open sesame"), 200)],
)
def test_with_a_password_only_those_who_know_it_come_in(
    database: Database, engines: Sockets, auth: tuple[str, str] | None, status: int
) -> None:
    stage = set_up(database, valkey(engines), host="0.0.0.0", playground_password="open sesame")
    with TestClient(stage.app, base_url="http://crm.example") as client:
        assert client.get("/playground", auth=auth).status_code == status
        assert client.get("/playground/api/messages", params={"as": "ann"}, auth=auth).status_code == status


def test_somebody_who_talks_without_end_is_slowed_down(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from limits import RateLimitItemPerMinute

    monkeypatch.setattr("webhooks.playground.api.PER_MINUTE", RateLimitItemPerMinute(2))
    statuses = [client.post(SAY, json={"as": "ann", "text": "x"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": "not base64!"},
        {"data": ""},
        {"data": "===="},
        {"to": "dm:bob"},
        {"to": "a b"},
        {"name": ""},
    ],
)
def test_what_is_no_file_is_refused_with_a_sentence(client: TestClient, stage: Stage, wrong: dict[str, str]) -> None:
    body = {"as": "ann", "name": "leads.xlsx", "data": "YSxiCjEsMgo="} | wrong
    answer = client.post("/playground/api/upload", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert stage.script.asked == []
