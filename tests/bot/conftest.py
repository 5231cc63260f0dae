"""The whole house for tests of the bot that need a platform to talk to."""

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests.world import House, World, move_in


@pytest.fixture
def world(database: Database, house: House, time: DrivenClock) -> Iterator[World]:
    """A company without a rule set of its own, on all three platforms."""
    with move_in(house, time, base=database) as opened:
        yield opened
