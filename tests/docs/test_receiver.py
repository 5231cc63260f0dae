"""The receiver on the page about hooks does what the page says."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

FILE = Path(__file__).parents[2] / "docs/examples/hooks/receiver.py"
SECRET, BODY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"type":"lead.won","data":{"lead":"L-1042"}}'


@pytest.fixture
def receiver():
    spec = importlib.util.spec_from_file_location("receiver", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def headers(secret=SECRET):
    at = datetime.now(UTC)
    return {
        "webhook-id": "evt_a1", "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("evt_a1", at, BODY.decode()),
    }  # fmt: skip


def test_what_is_signed_is_done_once_however_often_it_comes(receiver):
    done = []
    assert [receiver.receive(SECRET, headers(), BODY, done.append) for _ in range(3)] == [204] * 3
    assert [each["type"] for each in done] == ["lead.won"]


def test_what_is_forged_is_not_done(receiver):
    done = []
    forged = headers("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert receiver.receive(SECRET, forged, BODY, done.append) == 401
    assert done == []
