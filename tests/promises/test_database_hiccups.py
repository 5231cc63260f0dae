"""P20 in small: sessions that the database has ended go unnoticed; where all are taken, the answer is polite."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import text

from ops.sockets import Sockets
from tests.promises.crowd import Rival, at_once
from tests.world import World

DONE, POLITE = "I will remind you", "cannot reach its database"


def test_sessions_that_the_database_ended_cost_nobody_an_answer(world: World, engines: Sockets) -> None:
    ann, ref = Rival(world, "slack", "ann"), world.lead(owner="ann")
    at_once([lambda number=number: ann.says(f"remind {ref} tomorrow 3pm {number}") for number in range(6)])
    with ExitStack() as stack:
        sessions = [stack.enter_context(world.bot.database.session()) for _ in range(3)]
        pids = [session.scalar(text("select pg_backend_pid()")) for session in sessions]
    with engines.connect() as server:
        ended = [server.execute("select pg_terminate_backend(%s, 5000)", [pid]).fetchone() for pid in pids]
    answers = [ann.says(f"remind {ref} tomorrow 3pm after {number}") for number in range(3)]
    assert ended == [(True,)] * 3
    assert [DONE in answer for answer in answers] == [True] * 3
    assert world.count("select count(*) from task where words like 'after%'") == 3


def test_when_every_connection_is_taken_the_answer_is_polite_and_nothing_is_half_done(world: World) -> None:
    ann, ref = Rival(world, "slack", "ann"), world.lead(owner="ann")
    with ExitStack() as stack:
        for _ in range(world.bot.settings.pool_size):
            stack.enter_context(world.bot.database.engine.connect())
        busy = ann.says(f"remind {ref} tomorrow 3pm call them")
    assert POLITE in busy
    assert DONE in ann.says(f"remind {ref} tomorrow 3pm call them")
    assert world.count("select count(*) from task") == 1
