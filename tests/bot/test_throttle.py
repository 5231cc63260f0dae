"""P28: who asks too fast is told so with the wait, at next to no cost, while everybody else goes on as ever."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.dispatcher import Dispatcher
from bot.interaction import Answer, Interaction
from bot.throttle import Throttle
from crm.clock import DrivenClock
from crm.db import Database
from crm.errors_of_limits import ExportsUsed
from crm.services import audit, taking_out
from crm.settings import Settings
from tests import build
from tests.bot.asking import says
from tests.desk import Desk
from tests.world import World

LIMIT = 5
OTHERS = ("bob", "cyd", "dan", "mia", "max", "ada")


At = Callable[[int], None]
BEGAN = 29_000_000 * 60


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Stand so many seconds after the first."""

    def stand(second: int) -> None:
        monkeypatch.setattr(time, "time", lambda: float(BEGAN + second))

    return stand


@pytest.fixture
def slow(world: World) -> Dispatcher:
    """A dispatcher with small limits."""
    bot = world.bot
    settings = bot.settings.model_copy(update={"person_per_minute": LIMIT, "searches_per_minute": 2})
    return Dispatcher(database=bot.database, workspaces=bot.workspaces, platforms=bot.platforms, settings=settings)


def told(answer: Answer) -> str:
    return repr(answer.card)


def test_one_who_asks_a_hundred_times_too_fast_is_told_the_wait_and_the_others_go_on(
    world: World, slow: Dispatcher, at: At
) -> None:
    at(0)
    answers = [slow.dispatch(says(world, "my")) for _ in range(LIMIT * 100)]
    others = [slow.dispatch(says(world, "my", who)) for who in OTHERS for _ in range(LIMIT)]
    assert Counter("Go on in 60 seconds" in told(answer) for answer in answers) == {False: LIMIT, True: LIMIT * 99}
    assert [answer for answer in others if "Go on in" in told(answer)] == []
    # Of all that was turned away, one was drawn: the flood does not reach the database.
    assert world.count("select count(*) from delivery where org_id = :o", o=world.acme.org_id) <= LIMIT * 7 + 2


def test_who_waits_goes_on(world: World, slow: Dispatcher, at: At) -> None:
    at(0)
    late = [slow.dispatch(says(world, "my")) for _ in range(LIMIT + 1)][-1]
    at(61)
    again = slow.dispatch(says(world, "my"))
    assert ("Go on in" in told(late), "Go on in" in told(again)) == (True, False)


def test_searching_has_a_quota_of_its_own(world: World, slow: Dispatcher, at: At) -> None:
    at(0)
    found = [slow.dispatch(says(world, words)) for words in ("find Lu", "查找 Lu", "find Wei", "my")]
    assert ["searched" in told(answer) for answer in found] == [False, False, True, False]


def throttle(**limits: int) -> Throttle:
    return Throttle(Settings(**limits))  # type: ignore[arg-type]


ASKED = Interaction("slack", "T1", "U1", "key", text="my")


def test_a_company_has_a_limit_too_and_another_one_its_own(at: At) -> None:
    at(0)
    guard = throttle(company_per_minute=3)
    people = [replace(ASKED, user=f"U{number}") for number in range(5)]
    refused = [guard.refusal(1, asked) is not None for asked in people]
    assert (refused, guard.refusal(2, ASKED)) == ([False, False, False, True, True], None)


def test_what_a_platform_tells_by_itself_is_never_turned_away() -> None:
    guard = throttle(person_per_minute=1)
    assert [guard.refusal(1, replace(ASKED, kind="joined")) for _ in range(9)] == [None] * 9


def test_no_limit_is_none() -> None:
    guard = throttle(person_per_minute=0, company_per_minute=0, searches_per_minute=0)
    assert [guard.refusal(1, replace(ASKED, text="find Lu")) for _ in range(999)] == [None] * 999


@pytest.fixture
def desk(database: Database, time: DrivenClock) -> Desk:
    return Desk(database, time, "access: {export: {per_day: 2}}")


def test_taking_out_has_a_quota_a_day(desk: Desk) -> None:
    for _ in range(2):
        desk.does("mia", taking_out.check)
        desk.does("mia", lambda uow, actor: audit.write(uow, "data.exported", by=actor.id))
    with pytest.raises(ExportsUsed) as refused:
        desk.does("mia", taking_out.check)
    assert refused.value.data == {"used": 2, "limit": 2, "again": "2026-03-04T16:00:00+00:00"}
    desk.does("max", taking_out.check)
    desk.time.advance(days=1)
    desk.does("mia", taking_out.check)


def test_nothing_is_counted_where_the_rules_set_no_limit(desk: Desk) -> None:
    with desk.database.begin(desk.acme.org_id) as uow:
        build.rule_set(uow, "access: {export: {per_day: null}}")
        for _ in range(30):
            audit.write(uow, "data.exported", by=desk.acme.member["mia"])
    desk.does("mia", taking_out.check)
