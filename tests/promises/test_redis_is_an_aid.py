"""P19: Redis may stop, forget, crawl and come back under load: claims work, limits hold, everything recovers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot import aid
from bot.limiter import Limiter
from crm.clock import DrivenClock
from crm.db import Database
from ops.sockets import Sockets
from tests.promises.conftest import NO_LIMITS
from tests.promises.crowd import Rival, at_once
from tests.promises.gate import Gate, gate
from tests.promises.test_platform_trouble import remind
from tests.world import PLATFORMS, World, open_world

SLOW = 2.0


@pytest.fixture
def door(engines: Sockets) -> Iterator[Gate]:
    folder = tempfile.mkdtemp(prefix="sluice-", dir="/tmp")
    with gate(Path(folder) / "valkey.sock", engines.valkey_socket) as opened:
        yield opened
    Path(folder).rmdir()


@pytest.fixture
def world(
    database: Database,
    migrated_url: str,
    redis_url: str,
    time: DrivenClock,
    door: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """A company whose Redis stands behind the gate."""
    monkeypatch.setattr(aid, "REST", 0.3)
    through = f"unix://{door.path}?db={redis_url.partition('db=')[2]}"
    with open_world(migrated_url, through, time, rules=NO_LIMITS, base=database) as opened:
        yield opened


@contextmanager
def stopped(door: Gate, _world: World) -> Iterator[None]:
    door.shut()
    yield
    door.open()


@contextmanager
def forgetful(_door: Gate, world: World) -> Iterator[None]:
    world.bot.redis.flushdb()
    yield
    world.bot.redis.flushdb()


@contextmanager
def slow(door: Gate, _world: World) -> Iterator[None]:
    door.delay = SLOW
    yield
    door.delay = 0


STATES: dict[str, Callable[..., object]] = {"stopped": stopped, "forgetful": forgetful, "slow": slow}


@pytest.mark.parametrize("state", STATES)
def test_claims_and_messages_go_on_and_all_is_well_again_afterwards(world: World, door: Gate, state: str) -> None:
    rivals = [Rival(world, "slack", name) for name in ("ann", "bob", "cyd")]
    claim_all(world, rivals)
    with STATES[state](door, world):  # type: ignore[attr-defined]
        claim_all(world, rivals)
        remind(world, ["ann"], "wecom")
        remind(world, ["bob"], "slack")
        world.run_jobs()
    claim_all(world, rivals)
    assert world.count("select count(*) from message where state <> 'sent'") == 0
    assert world.count("select count(*) from assignment where ended_at is null") == 9
    assert world.wecom.calls["gettoken"] == 1
    assert len(world.chat("wecom", "ann").inbox()) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_chat_answers_without_redis(world: World, door: Gate, platform: str) -> None:
    ref = world.lead()
    door.shut()
    assert "Lu Wei" in world.chat(platform, "ann").says(f"claim {ref}").text
    assert "Ann Li" in world.chat(platform, "bob").says(f"claim {ref}").title
    door.open()


@pytest.mark.parametrize("state", ["stopped", "slow"])
def test_without_redis_a_process_still_keeps_to_the_limits_by_itself(world: World, door: Gate, state: str) -> None:
    limits = Limiter(world.bot.settings.redis_url)
    with STATES[state](door, world):  # type: ignore[attr-defined]
        first = limits.wait_for("slack", world.acme.org_id, "C1", kind="channel")
        second = limits.wait_for("slack", world.acme.org_id, "C1", kind="channel")
    assert first == 0
    assert second > 0


def claim_all(world: World, rivals: list[Rival]) -> None:
    """A lead for each, claimed at once."""
    refs = [world.lead() for _ in rivals]
    answers = at_once(
        [lambda one=rival, ref=ref: one.says(f"claim {ref}") for rival, ref in zip(rivals, refs, strict=True)]
    )
    assert [ref in answer for ref, answer in zip(refs, answers, strict=True)] == [True] * len(rivals)
