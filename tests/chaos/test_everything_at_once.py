"""Everything that can go wrong at once, under people who do not stop: nothing is lost, nothing happens twice.

`SLUICE_CHAOS_SEED` repeats what a run drew: the people's days and the order of the faults. When each of them meets is
up to the machine.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import pytest
from sqlalchemy import text

from crm.db import Database
from crm.services import clocks
from ops.migrate import upgrade
from tests import build
from tests.chaos import faults, verdict
from tests.chaos.courier import Courier, Numbers
from tests.chaos.house import RULES, House, furnish
from tests.chaos.load import Lane, Market, Person
from tests.chaos.verdict import Verdict
from tests.drivers.base import Seen
from tests.promises import processes
from tests.promises.crowd import Rival, add_rivals
from tests.promises.server import Server
from tests.rounds import rounds
from tests.world import World, open_world

SEED = int(os.environ.get("SLUICE_CHAOS_SEED") or rounds(short=20261122, full=time.time_ns() % 10**9))
FAULTS = rounds(short=13, full=450)
BETWEEN = rounds(short=2, full=10), rounds(short=6, full=60)
"""Interactions between two faults, at least and at most."""
REPS, LANES, HELD, FREE = rounds(short=12, full=24), rounds(short=4, full=8), 5, rounds(short=20, full=600)
LONGEST, PATIENCE = rounds(short=90, full=720), rounds(short=300, full=1200)
"""Seconds after which no further fault comes, and after which it is over for good."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        server = Server(tmp_path / "data")
        stack.callback(server.engines.stop)
        url = server.sockets.database_url
        upgrade(url)
        database = Database(url)
        stack.callback(database.close)
        opened = open_world(url, server.sockets.redis_url, build.clock(), rules=RULES, base=database)
        world = stack.enter_context(opened)
        stack.enter_context(processes.path_for_children())
        world.time.set(datetime.now(UTC))
        yield furnish(world, server)


def test_whatever_goes_wrong_nothing_is_lost_and_nothing_happens_twice(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    lanes, began = people_of(house), time.monotonic()
    with capsys.disabled():
        print(f"\nchaos, seed {SEED}: {FAULTS} faults in {LANES} lanes of {REPS} people", flush=True)
    with house.open():
        storm(house, lanes)
        stormed = time.monotonic() - began
        house.calm()
        settle(house)
    house.world.time.set(datetime.now(UTC))
    found = verdict.give(house)
    with capsys.disabled():
        print(told(house, found, stormed, time.monotonic() - began), flush=True)
    assert found.wrong == {}


def storm(house: House, lanes: list[Lane]) -> None:
    """People go on, and things go wrong, until all faults are over."""
    chance, stop, over = random.Random(SEED), threading.Event(), time.monotonic() + LONGEST
    with ThreadPoolExecutor(len(lanes)) as threads:
        running = [threads.submit(lane.run, stop) for lane in lanes]
        try:
            for name in takewhile(lambda _: time.monotonic() < over, faults.drawn(chance, FAULTS)):
                more = house.ledger.finished + chance.randint(*BETWEEN)
                processes.until(lambda more=more: house.ledger.finished >= more, PATIENCE)  # type: ignore[misc]
                house.ledger.faults[name] += 1
                faults.FAULTS[name](house, chance)
        finally:
            stop.set()
    assert [each.exception() for each in running] == [None] * len(lanes)


def settle(house: House) -> None:
    """All is well again: wait until all work is done, without the waits between tries."""
    looked = time.monotonic()

    def done() -> bool:
        nonlocal looked
        if time.monotonic() - looked > 3:
            looked = time.monotonic()
            verdict.hurry(house)
        time.sleep(0.2)
        return verdict.at_rest(house)

    processes.until(done, PATIENCE)


def people_of(house: House) -> list[Lane]:
    """Reps in lanes, each with leads of her own, and those of team south with what the sources post."""
    world, numbers = house.world, Numbers()
    rivals = add_rivals(world, REPS)
    public, posted = Market([world.lead() for _ in range(FREE)]), Market()
    reps = [person(world, rival) for rival in rivals]
    south = [person(world, Rival(world, "slack", name)) for name in ("cyd", "dan")]
    wind(world)
    groups = [*(reps[number :: LANES - 1] for number in range(LANES - 1)), south]
    return [
        Lane(
            group, random.Random(f"{SEED}:{number}"),
            Courier(house.ports, house.ledger, random.Random(f"{SEED}:courier:{number}")),
            house.ledger, posted if group is south else public, numbers, world.wire, replace(world.caller), posted,
        )
        for number, group in enumerate(groups)
    ]  # fmt: skip


def wind(world: World) -> None:
    """The clocks of all leads run."""
    with world.database.begin(world.acme.org_id) as uow:
        owned = text("select id from lead where org_id = :o and owner_id is not null")
        clocks.restart(uow, list(uow.session.scalars(owned, {"o": uow.org_id})))


def person(world: World, rival: Rival) -> Person:
    """A rep with some leads; in Slack with an open form about one of them."""
    held = [world.lead(owner=rival.name) for _ in range(HELD)]
    form = opened(world, rival, held[0]).raw if rival.platform == "slack" else None
    return Person(rival.platform, rival.user, rival.member_id, held, dict(form) if form else None)


def opened(world: World, rival: Rival, ref: str) -> Seen:
    """The form for a follow-up."""
    return world.chat(rival.platform, rival.name).says(f"log {ref}")


def told(house: House, found: Verdict, stormed: float, seconds: float) -> str:
    """What `make chaos` prints."""
    ledger, tries = house.ledger, house.ledger.tries
    by_kind = ", ".join(f"{name} {count}" for name, count in sorted(ledger.faults.items()))
    lost = sum(len(found.wrong.get(name, ())) for name in ("acknowledged and lost", "answered without effect",
                                                            "sent and never shown"))  # fmt: skip
    doubled = sum(len(found.wrong.get(name, ())) for name in ("done twice", "shown twice without a cause"))
    return "\n".join([
        f"  interactions {len(ledger.asked)}, requests {sum(tries.values())}: "
        + ", ".join(f"{how} {count}" for how, count in sorted(tries.items())) + f"; longest {ledger.longest:.1f} s",
        f"  faults {sum(ledger.faults.values())} in {stormed:.0f} s, all at rest after {seconds:.0f} s",
        f"  processes started {sum(place.starts for place in house.places)} times",
        "  " + ", ".join(f"{name} {count}" for name, count in found.told.items()),
        f"  lost {lost}, doubled {doubled}, promises broken {len(found.wrong)}",
        f"  ({by_kind})",
        *(f"  BROKEN {name}: {len(each)}, such as {each[:3]}" for name, each in found.wrong.items()),
    ])  # fmt: skip
