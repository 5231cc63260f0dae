"""The whole house for tests of the bot that need a platform to talk to."""

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests.world import World, open_world


@pytest.fixture
def world(database: Database, migrated_url: str, redis_url: str, time: DrivenClock) -> Iterator[World]:
    """A company without a rule set of its own, on all three platforms."""
    with open_world(migrated_url, redis_url, time, base=database) as opened:
        yield opened
