"""What a request says before it begins has an end, whoever sends it."""

import http.client
import socket
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.serving import serving
from webhooks.heads import HEAD

BEGUN = b"GET / HTTP/1.1\r\nHost: here\r\n"
ENDLESS = {"an address": b"GET /", "one header": BEGUN + b"X-Long: ", "many headers": BEGUN + b"X-Many: a\r\n" * 4000}


@pytest.fixture(scope="module")
def here() -> Iterator[str]:
    app = FastAPI()
    app.add_api_route("/", lambda: "here")
    with serving(app) as address:
        yield address


@pytest.mark.parametrize("begun", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_head_without_an_end_is_refused(here, begun):
    host, _, port = here.partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        # A byte too many and no more: what is not read when a connection closes takes the answer with it.
        line.sendall(begun.ljust(HEAD + 1, b"a"))
        assert line.recv(4096).startswith(b"HTTP/1.1 400")


def test_what_fits_is_answered_and_the_next_one_too(here):
    line = http.client.HTTPConnection(here, timeout=20)
    for _ in range(3):
        line.request("GET", "/", headers={"X-Long": "a" * (HEAD // 2)})
        with line.getresponse() as answer:
            assert (answer.status, answer.read()) == (200, b'"here"')
    line.close()
