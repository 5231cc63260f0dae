"""How fast a platform may be spoken to: one measure for all processes, and no sliding minute with too much in it."""

from datetime import timedelta
from functools import partial
from itertools import accumulate, product
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import limiter
from bot.limiter import Limiter, member_wait
from tests import build
from tests.rounds import rounds

GONE = "redis://127.0.0.1:9/0"


def take(
    limits: Limiter, times: int, *, platform: str = "slack", place: str = "C1", kind: str = "channel", cost: int = 1
):
    return [limits.wait_for(platform, 1, place, kind=kind, cost=cost) for _ in range(times)]


@pytest.fixture
def limits(redis_url, engines):
    shared = Limiter(redis_url)
    shared._shared.storage.reset()
    return shared


def test_a_channel_gets_a_message_a_second(limits):
    first, second = take(limits, 2)
    assert first == 0.0
    assert 0 < second <= 1.1


def test_another_channel_need_not_wait(limits):
    take(limits, 2)
    assert take(limits, 1, place="C2") == [0.0]


def test_all_processes_share_one_measure(limits, redis_url):
    take(limits, 1)
    assert take(Limiter(redis_url), 1)[0] > 0


def test_a_robot_gets_eighteen_a_minute_however_many_parts_a_card_has(limits):
    waits = take(limits, 7, platform="wecom", kind="robot", cost=3)
    assert waits[:6] == [0.0] * 6
    assert waits[6] > 0


def test_a_card_of_more_parts_than_the_measure_goes_alone(limits):
    assert take(limits, 1, platform="wecom", kind="robot", cost=500) == [0.0]


def test_what_a_full_channel_refuses_takes_nothing_from_the_workspace(limits):
    take(limits, 300)
    assert take(limits, 1, place="C2") == [0.0]


def test_without_redis_each_process_counts_alone():
    alone = Limiter(GONE)
    first, second = take(alone, 2)
    assert first == 0.0
    assert second > 0
    assert take(Limiter(None), 1) == [0.0]


@pytest.fixture
def ledger(database, time):
    """Asks for room for messages to somebody at a moment: 0.0 when they may go, else the seconds to wait."""
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        yield partial(member_wait, uow.session, org_id=acme.org_id, workspace_id=acme.workspace["wecom"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=rounds(short=20, full=500))
@given(steps=st.lists(st.tuples(st.floats(0, 6), st.integers(1, 5)), min_size=30, max_size=50))
def test_no_sixty_seconds_hold_more_than_wecom_shows(ledger, steps):
    """Messages come at any pace and size: whatever the ledger lets through stays below thirty in any minute."""
    somebody = str(uuid4())  # whom no former story wrote to
    moments = list(accumulate((timedelta(seconds=pause) for pause, _ in steps), initial=build.NOW))[1:]
    gone = [
        (at, cost)
        for at, (_, cost) in zip(moments, steps, strict=True)
        if ledger(recipient=somebody, now=at, cost=cost) == 0.0
    ]
    assert gone
    minute = timedelta(seconds=60)
    assert max(sum(cost for at, cost in gone if start <= at < start + minute) for start, _ in gone) <= 30


def test_a_full_minute_says_when_the_next_begins(ledger):
    at = build.NOW + timedelta(seconds=20)
    waits = [ledger(recipient="bob", now=at) for _ in range(limiter.MEMBER_PER_MINUTE + 1)]
    assert waits == [0.0] * limiter.MEMBER_PER_MINUTE + [40.0]


def test_an_hour_holds_at_most_half_of_what_wecom_shows_in_one(ledger):
    tries = product(range(60), range(limiter.MEMBER_PER_MINUTE))
    waits = [ledger(recipient="cyd", now=build.NOW + timedelta(minutes=minute)) for minute, _ in tries]
    assert waits.count(0.0) == limiter.MEMBER_PER_HOUR <= 500


def test_a_card_of_many_parts_goes_once_there_is_a_whole_minute(ledger):
    assert ledger(recipient="dan", now=build.NOW, cost=99) == 0.0
    assert ledger(recipient="dan", now=build.NOW) > 0
    assert ledger(recipient="eve", now=build.NOW) == 0.0
