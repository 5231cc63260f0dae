"""A rep's desk on a million leads: `today`, the home page and `my`, each as a whole interaction with its commit.

The reps who ask hold some nine hundred open leads each, every one with a reminder, some starred, and work in an order
of their own. What this bench writes for that, it takes away again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from pydantic import SecretStr
from sqlalchemy import text

from bench.frame import Env, Figure, percentile, timed
from bench.seed import VAULT_KEY, Seeded
from bot.app import Bot
from bot.interaction import Interaction
from crm.db import Database
from crm.settings import Settings
from ops.runtime import compose
from tests.promises.statements import NEVER, crash, watching

LARGE, ASKING, WARM_UP, TIMES, TARGET = 1_000_000, 12, 24, 240, 60
SAID = {
    "today": "today", "home page": "", "my": "my", "week": "week",
    "my, with a filter": "my stage quote, untouched for 3 days, score over 20",
}  # fmt: skip
_ARRANGE = (
    """
    update member set toured_at = :now, sort = case id % 3 when 0 then 'score' when 1 then 'due' end
    where org_id = :org and id = any(:reps)
    """,
    """
    insert into task (org_id, lead_id, member_id, due_at, words, state, reminded_at, created_at, version)
    select :org, id, owner_id, cast(:now as timestamptz) + (id % 480 - 120) * interval '1 hour', 'call back', 'open',
           :now, :now, 1
    from lead where org_id = :org and owner_id = any(:reps) and status = 'open'
    """,
    """
    insert into star (org_id, member_id, lead_id, at) select :org, owner_id, id, :now from lead
    where org_id = :org and owner_id = any(:reps) and status = 'open' and id % 10 = 0
    """,
)
_CLEAR = (
    "delete from star where org_id = :org and member_id = any(:reps)",
    "delete from task where org_id = :org and member_id = any(:reps)",
    "delete from saved_list where org_id = :org and member_id = any(:reps)",
    "update member set sort = null where org_id = :org and id = any(:reps)",
)
_USERS = """
    select c.external_id from chat_identity c join workspace w on w.id = c.workspace_id and w.platform = 'slack'
    where c.org_id = :org and c.member_id = any(:reps) order by c.member_id
"""


def run(env: Env) -> list[Figure]:
    """What reps look at first, and how many statements it takes."""
    database, seeded = env.company(LARGE)
    reps = list(seeded.reps[:ASKING])
    settings = Settings(
        database_url=database.url, redis_url=env.sockets.redis_url, secret_key=SecretStr(VAULT_KEY),
        statement_timeout_ms=60_000, person_per_minute=0, company_per_minute=0, searches_per_minute=0,
    )  # fmt: skip
    bot = compose(settings)
    try:
        with _arranged(database, seeded, reps) as users:
            # What a database does by itself within a minute of so many writes.
            with env.sockets.connect("bench_large") as owner:
                owner.execute("analyze task, star")
            return [figure for name, words in SAID.items() for figure in _figures(bot, seeded, users, name, words)]
    finally:
        bot.database.close()
        bot.redis.close()


@contextmanager
def _arranged(database: Database, seeded: Seeded, reps: list[int]) -> Iterator[list[str]]:
    """The reps with their reminders, stars and orders; who they are in Slack."""
    args = {"org": seeded.org_id, "reps": reps, "now": database.time()}
    _write(database, seeded.org_id, _ARRANGE, args)
    try:
        with database.begin(seeded.org_id) as uow:
            users = list(uow.session.scalars(text(_USERS), args))
        yield users
    finally:
        _write(database, seeded.org_id, _CLEAR, args)


def _write(database: Database, org_id: int, statements: tuple[str, ...], args: dict[str, object]) -> None:
    with database.begin(org_id) as uow:
        for statement in statements:
            uow.session.execute(text(statement), args)


def _figures(bot: Bot, seeded: Seeded, users: list[str], name: str, words: str) -> list[Figure]:
    taken = [_asked(bot, seeded, users[number % len(users)], f"{name}:{number}", words) for number in range(TIMES)]
    with watching(NEVER, crash) as statements:
        _asked(bot, seeded, users[0], f"{name}:last", words)
    return [
        Figure(f"{name}, of a rep with 900 leads (p50)", percentile(taken[WARM_UP:], 50), "ms"),
        Figure(f"{name}, of a rep with 900 leads (p99)", percentile(taken[WARM_UP:], 99), "ms", target=TARGET),
        Figure(f"{name}: statements", statements.count, ""),
    ]


def _asked(bot: Bot, seeded: Seeded, user: str, key: str, words: str) -> float:
    asked = Interaction("slack", f"T{seeded.key}", user, f"command:desk:{key}", text=words, reply_to=user)
    if not words:
        asked = replace(asked, kind="home")

    def answered() -> None:
        card = bot.dispatcher.dispatch(asked).card
        assert card is not None, "it is answered at once"
        bot.platforms["slack"].render(card)

    return timed(answered)
