"""The whole house, once for each test of the loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm.clock import DrivenClock
from crm.db import Database
from tests.world import House, World, move_in

RULES = """
claim: {per_day: 5, capacity: {default: 6}, cool_down: 2d}
recycle:
  - {name: first contact, no_first_contact: 24h}
  - {name: follow-up, no_follow_up: 7d}
  - {name: not converted, not_converted: 60d}
warn: [2h]
extend: {by: 1d, times: 1}
dispatch:
  - name: north web
    to: {departments: [north]}
    working_hours: false
fallback_pool: open
"""


@pytest.fixture
def world(database: Database, house: House, time: DrivenClock) -> Iterator[World]:
    with move_in(house, time, rules=RULES, base=database) as opened:
        yield opened
