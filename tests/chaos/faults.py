"""Everything that goes wrong, by name. Each fault is one call; what it stops it brings back, unless the house does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import psycopg
from sqlalchemy.exc import DBAPIError

from crm import clock, queue
from tests.chaos.house import House
from tests.doubles import slack_http, wecom_faults
from tests.doubles.slack_http import Fault, broken, refused, throttled
from tests.doubles.wecom_faults import cut, errcode, garbage, hang, status, truncated
from tests.promises import processes
from tests.rounds import rounds

MOMENT = 0.2, 1.5
"""Seconds that something stays away, at least and at most."""
HANGS = rounds(short=2, full=12)  # seconds; the full form waits for longer than any of our calls does
BURST = 2, 6
# What PostgreSQL says when it finds no room for another page, and the tables that want one.
NO_ROOM = """
    create or replace function chaos_no_room() returns trigger language plpgsql as $$ begin
      raise exception 'could not extend file: No space left on device' using errcode = 'disk_full';
    end $$
"""
TABLES = (
    "delivery", "activity", "message", "procrastinate_jobs", "procrastinate_events", "assignment", "claim_entry",
    "task", "posted_card", "send_ledger", "recent_lead",
)  # fmt: skip
FURTHEST = timedelta(days=5)

SLACK = {
    "Slack says 429": throttled(1), "Slack says 500": broken(500), "Slack says 503": broken(503),
    "Slack refuses": refused("internal_error"), "Slack cuts the line": Fault(cut=True),
    "Slack acts and cuts the line": Fault(cut=True, acts=True), "Slack sends half an answer": Fault(truncate=True),
    "Slack is slow": Fault(hang=1.0, acts=True), "Slack hangs": Fault(hang=HANGS, acts=True, cut=True),
    "Slack sends garbage": Fault(slack_http.Reply("<html>hello</html>")),
}  # fmt: skip
WECOM = {
    "WeCom says busy": errcode(-1), "WeCom says too many": errcode(45033), "WeCom says 502": status(502),
    "WeCom says 429": status(429, Retry_After="1"), "WeCom cuts the line": cut(acts=False),
    "WeCom acts and cuts the line": cut(), "WeCom sends half an answer": truncated(),
    "WeCom hangs": hang(HANGS), "WeCom sends garbage": garbage(b"<html>gateway</html>"),
}  # fmt: skip
Wrong = Callable[[House, random.Random], None]


def kill_web(house: House, chance: random.Random) -> None:
    chance.choice(house.webs).kill()


def kill_worker(house: House, chance: random.Random) -> None:
    chance.choice(house.workers).kill()


def kill_all_webs(house: House, _: random.Random) -> None:
    for web in house.webs:
        web.kill()


def kill_all_workers(house: House, _: random.Random) -> None:
    for worker in house.workers:
        worker.kill()


def freeze_one(house: House, chance: random.Random) -> None:
    with chance.choice([*house.webs, *house.workers]).frozen():
        _moment(chance)


def restart_database(house: House, chance: random.Random) -> None:
    with _away(house):
        house.server.stop()
        _moment(chance)
        house.server.start()
        house.server.mend()


def kill_database(house: House, chance: random.Random) -> None:
    with _away(house):
        house.server.kill()
        _moment(chance)
        house.server.start()
        house.server.mend()


def crash_session(house: House, _: random.Random) -> None:
    with _away(house):
        house.server.crash()
        time.sleep(0.05)
        house.server.mend()


def freeze_database(house: House, chance: random.Random) -> None:
    with _away(house), house.server.frozen():
        _moment(chance)


def fill_disk(house: House, chance: random.Random) -> None:
    """PostgreSQL cannot write its log any more, and goes down."""
    with _away(house), house.server.without_disk():
        _moment(chance)


def fill_tables(house: House, chance: random.Random) -> None:
    """Some tables cannot grow; everything else goes on."""
    full = chance.sample(TABLES, chance.randint(1, 4))
    with _away(house), house.owner() as session:
        session.execute(NO_ROOM)
        for table in full:
            _patiently(
                session, f"create trigger chaos before insert on {table} for each statement execute function"
                " chaos_no_room()",
            )  # fmt: skip
        _moment(chance)
        for table in full:
            _patiently(session, f"drop trigger chaos on {table}")


def lose_cache(house: House, chance: random.Random) -> None:
    house.server.lose_cache()
    _moment(chance)
    house.server.bring_cache()


def freeze_cache(house: House, chance: random.Random) -> None:
    with house.server.frozen_cache():
        _moment(chance)


def flush_cache(house: House, _: random.Random) -> None:
    house.world.bot.redis.flushall()


def expire_tokens(house: House, _: random.Random) -> None:
    house.world.wecom.expire_tokens()


def jump(house: House, chance: random.Random) -> None:
    """The shared clock goes on or back by hours, and what has fallen due happens."""
    hours = chance.choice([-3, -1, 1, 2, 5, 9, 26])

    def moved() -> bool:
        try:
            with house.world.database.begin(house.world.acme.org_id) as uow:
                ahead = clock.offset(uow.session) + timedelta(hours=hours)
                clock.set_offset(uow.session, min(max(ahead, timedelta(0)), FURTHEST))
                uow.defer(queue.Order(queue.TICK, {}))
        except DBAPIError:
            return False
        return True

    processes.until(moved)


def slack_fails(fault: Fault, house: House, chance: random.Random) -> None:
    for method in ("chat.postMessage", "chat.update", "hook"):
        house.world.slack.faults.add(method, *[fault] * chance.randint(*BURST))


def wecom_fails(fault: wecom_faults.Fault, house: House, chance: random.Random) -> None:
    for endpoint in ("message/send", "gettoken"):
        house.world.wecom.script(endpoint, *[fault] * chance.randint(*BURST))


FAULTS: dict[str, Wrong] = {
    "a web process killed": kill_web, "a worker killed": kill_worker, "both web processes killed": kill_all_webs,
    "all workers killed": kill_all_workers, "a process frozen": freeze_one,
    "PostgreSQL restarted": restart_database, "PostgreSQL killed": kill_database,
    "a session of PostgreSQL killed": crash_session, "PostgreSQL frozen": freeze_database,
    "the disk full under PostgreSQL": fill_disk, "no room for tables to grow": fill_tables,
    "Valkey gone, back empty": lose_cache, "Valkey frozen": freeze_cache, "Valkey flushed": flush_cache,
    "WeCom's tokens expired": expire_tokens, "the clock jumped": jump,
    **{name: partial(slack_fails, fault) for name, fault in SLACK.items()},
    **{name: partial(wecom_fails, fault) for name, fault in WECOM.items()},
}  # fmt: skip


# Each has a test of its own in every run, or another fault that does the same; the last is what `House.calm` does.
ALONE = ("a web process killed", "a worker killed", "PostgreSQL restarted", "PostgreSQL killed", "all workers killed")


def drawn(chance: random.Random, count: int) -> Iterator[str]:
    """So many faults: every kind before any comes again, and processes and databases more often than answers."""
    spared = ALONE[: rounds(short=len(ALONE), full=0)]
    own = [name for name in FAULTS if name not in (*SLACK, *WECOM, *spared)]
    left: list[str] = []
    for _ in range(count):
        if not left:
            left = [*own, chance.choice(list(SLACK)), chance.choice(list(WECOM))]
            left += [chance.choice(list(SLACK | WECOM)) for _ in range(rounds(short=0, full=6))]
            chance.shuffle(left)
        yield left.pop()


@contextmanager
def _away(house: House) -> Iterator[None]:
    with house.ledger.outage():
        yield


def _moment(chance: random.Random) -> None:
    time.sleep(chance.uniform(*MOMENT))


def _patiently(session: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    """A change of a table that everybody writes to: it steps aside when it would make them wait."""

    def done() -> bool:
        try:
            session.execute(statement)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            return False
        return True

    processes.until(done)
