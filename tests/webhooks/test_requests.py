"""Every request has a number that finds its lines in the log."""

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from structlog.contextvars import get_contextvars

from webhooks.requests import Numbered


@pytest.fixture
def client():
    app = FastAPI()
    app.add_middleware(Numbered)

    @app.get("/")
    def told() -> dict[str, str]:
        return {"request": get_contextvars()["request"]}

    return TestClient(app)


def test_the_answer_and_the_log_carry_one_number(client):
    first, second = client.get("/"), client.get("/")
    assert first.headers["x-request-id"] == first.json()["request"]
    assert first.json() != second.json()


def test_a_number_of_the_proxy_is_kept(client):
    assert client.get("/", headers={"X-Request-ID": "edge-42.a"}).json() == {"request": "edge-42.a"}


@pytest.mark.parametrize("forged", ["a b", "x" * 65, '{"level":"error"}', ""])
def test_what_is_no_plain_word_is_not_written_to_the_log(client, forged):
    assert client.get("/", headers={"X-Request-ID": forged}).json() != {"request": forged}


def test_nothing_of_a_request_stays_behind(client):
    client.get("/")
    assert "request" not in get_contextvars()


def test_no_browser_guesses_frames_keeps_or_passes_on_what_a_door_says_nothing_about(client):
    headers = client.get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_what_a_door_says_for_itself_stays():
    app = FastAPI()
    app.add_middleware(Numbered, https=True)
    app.get("/")(lambda: PlainTextResponse("x", headers={"Cache-Control": "private, max-age=300"}))
    headers = TestClient(app).get("/").headers
    assert headers.get_list("cache-control") == ["private, max-age=300"]
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
