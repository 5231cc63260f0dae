"""The clock control moves the time that everybody shares."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

CLOCK = "/playground/api/clock"


@pytest.fixture(autouse=True)
def _real_time_again(client: TestClient) -> Iterator[None]:
    yield
    client.post(CLOCK, json={"reset": True})


def test_a_shift_adds_to_the_one_before(client: TestClient) -> None:
    client.post(CLOCK, json={"shift": "+1d"})
    told = client.post(CLOCK, json={"shift": "+2h"}).json()
    assert told["shift"] == timedelta(days=1, hours=2).total_seconds()
    assert client.get(CLOCK).json()["shift"] == told["shift"]


def test_a_moment_can_be_set(client: TestClient) -> None:
    told = client.post(CLOCK, json={"set": "2027-03-01T09:00:00+08:00"}).json()
    late = datetime.fromisoformat(told["now"]) - datetime.fromisoformat("2027-03-01T01:00:00+00:00")
    assert timedelta(seconds=-2) < late < timedelta(minutes=1)


def test_a_moment_without_a_zone_is_utc(client: TestClient) -> None:
    assert client.post(CLOCK, json={"set": "2027-03-01T09:00:00"}).json()["now"].startswith("2027-03-01T0")


def test_reset_goes_back_to_the_real_time(client: TestClient) -> None:
    client.post(CLOCK, json={"shift": "+30d"})
    assert client.post(CLOCK, json={"reset": True}).json()["shift"] == 0


def test_the_clock_does_not_leave_the_calendar(client: TestClient) -> None:
    answer = client.post(CLOCK, json={"shift": "+4000d"})
    assert (answer.status_code, answer.json()["error"]) == (422, "The clock moves ten years at most.")
