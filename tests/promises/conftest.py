"""Promises: the whole house, kept small in every run and long in `make chaos`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot import limiter
from crm.clock import DrivenClock
from crm.db import Database
from ops.sockets import Sockets
from tests import build
from tests.doubles.wecom_faults import errcode
from tests.promises import processes
from tests.world import House, World, move_in, open_world

NO_LIMITS = "claim: {per_day: null, capacity: {default: null}}"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Crashes are meant here, and drawing their traces would take most of the time."""
    with capture_logs():
        yield


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a channel and a workspace may get is counted in real seconds, and here days pass in one of them."""
    monkeypatch.setattr(limiter, "PER_PLACE", {})
    monkeypatch.setattr(limiter, "PER_WORKSPACE", {})


@pytest.fixture
def open_house(
    database: Database, migrated_url: str, redis_url: str, time: DrivenClock
) -> Iterator[Callable[..., World]]:
    """A company of its own for each set of rules."""
    with ExitStack() as stack:
        yield lambda rules=NO_LIMITS: stack.enter_context(
            open_world(migrated_url, redis_url, time, rules=rules, base=database)
        )


@pytest.fixture
def world(database: Database, house: House, time: DrivenClock) -> Iterator[World]:
    """A company without limits."""
    with move_in(house, time, rules=NO_LIMITS, base=database) as opened:
        yield opened


@pytest.fixture
def alone(engines: Sockets, worker_id: str, redis_url: str, migrated_schema: str) -> Iterator[World]:
    """A company on a database of its own, at the time it is: real workers do every job that they find there."""
    name = f"alone_{worker_id}"
    url = engines.create_database(name, template=migrated_schema)
    database = Database(url)
    with open_world(url, redis_url, build.clock(), base=database) as opened, processes.path_for_children():
        opened.time.set(datetime.now(UTC))
        # Whatever time of the day it is: the night's look into the address book tells admins of new colleagues.
        opened.wecom.script("department/list", *[errcode(60011)] * 100)
        yield opened
    database.close()
    engines.drop_database(name)
