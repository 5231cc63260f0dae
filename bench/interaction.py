"""An interaction's own share on the CPU: from the router to the drawn card; and what drawing each card costs.

The CPU's clock of this thread counts, so waiting for the database does not. Cards come from the samples that the tests
draw; what a template asks for is read once before, so that only templates, parser and platform are measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from statistics import median
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from bench.frame import Env, Figure
from bench.seed import VAULT_KEY, Seeded
from bot.app import Bot
from bot.cards import render
from bot.cards.facts import Facts
from bot.cards.model import Card
from bot.interaction import Interaction
from bot.platforms.base import Platform
from crm.clock import DrivenClock
from crm.db import Database
from crm.settings import Settings
from ops.runtime import compose, settle
from tests import build
from tests.bot.cards.every_sample import SAMPLES
from tests.bot.cards.scene import Scene

LEADS, WARM_UP, TIMES, DRAWN = 10_000, 60, 200, 15
_FREE = text(
    "select number from lead where org_id = :org and owner_id is null and status = 'open' order by score limit :many"
)


def run(env: Env) -> list[Figure]:
    """What people do all day, and every card on every platform."""
    database, seeded = env.company(LEADS, "interaction")
    settings = Settings(
        database_url=database.url, redis_url=env.sockets.redis_url, secret_key=SecretStr(VAULT_KEY),
        statement_timeout_ms=60_000, person_per_minute=0, company_per_minute=0, searches_per_minute=0,
    )  # fmt: skip
    bot = compose(settings)
    settle()  # as every web process does
    try:
        shares = [_share(bot, seeded, name, lines) for name, lines in _said(database, seeded).items()]
        return shares + _cards(env, bot.platforms)
    finally:
        bot.database.close()
        bot.redis.close()


def _said(database: Database, seeded: Seeded) -> dict[str, Iterator[str]]:
    with database.begin(seeded.org_id) as uow:
        free = uow.session.scalars(_FREE, {"org": seeded.org_id, "many": WARM_UP + TIMES}).all()
    return {"claim L-n": (f"claim L-{number}" for number in free), "my": ("my" for _ in count())}


def _share(bot: Bot, seeded: Seeded, name: str, lines: Iterator[str]) -> Figure:
    taken = []
    for number, line in zip(range(WARM_UP + TIMES), lines, strict=False):
        user = f"U{seeded.key}{number % len(seeded.reps)}"
        asked = Interaction("slack", f"T{seeded.key}", user, f"command:{name}:{number}", text=line, reply_to=user)
        taken.append(_cpu(partial(_answer, bot, asked)))
    return Figure(f"{name}: router, handler, transaction, card (CPU, p50)", median(taken[WARM_UP:]), "ms", target=3)


def _answer(bot: Bot, asked: Interaction) -> None:
    card = bot.dispatcher.dispatch(asked).card
    assert card is not None, "a command is answered at once"
    bot.platforms[asked.platform].render(card)


def _cards(env: Env, platforms: Mapping[str, Platform]) -> list[Figure]:
    """The dearest card of each platform."""
    database, _ = env.company(LEADS, "interaction")
    clock = DrivenClock(build.NOW)
    staged = Database(database.url, pool_size=2, statement_timeout_ms=60_000, time=clock)
    try:
        cards = {name: draw for name in SAMPLES if (draw := _staged(staged, clock, name))}
    finally:
        staged.close()
    return [_dearest(name, platform, cards) for name, platform in platforms.items()]


def _staged(database: Database, clock: DrivenClock, name: str) -> Callable[[], Card] | None:
    """A sample as a call that draws it from what has been read; None for a form."""
    clock.set(build.NOW)
    scene = Scene(database, clock)
    shown = SAMPLES[name](scene)
    if shown.reply.form:
        return None
    with scene.uow() as uow:
        facts: Any = Read(Facts(uow, scene.viewer(uow, shown.viewer)))
        draw = partial(render.card, shown.reply.name, {**shown.reply.args, **shown.reply.once}, facts)
        draw()
    return draw


def _dearest(name: str, platform: Platform, cards: Mapping[str, Callable[[], Card]]) -> Figure:
    def cost(draw: Callable[[], Card]) -> float:
        return median(_cpu(lambda: platform.render(draw())) for _ in range(DRAWN))

    costs = {card: cost(draw) for card, draw in cards.items()}
    card = max(costs, key=lambda each: costs[each])
    return Figure(f"drawing a card in {name}, the dearest: {card} (CPU, p50)", costs[card], "ms", target=1)


class Read:
    """Facts that are asked for once and known from then on."""

    def __init__(self, facts: Facts) -> None:
        self._facts, self._known = facts, dict[Any, Any]()

    def __getattr__(self, name: str) -> Any:
        found = self._once(name, partial(getattr, self._facts, name))
        return partial(self._asked, name, found) if callable(found) else found

    def _asked(self, name: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return self._once(f"{name} {args} {named}", partial(call, *args, **named))

    def _once(self, key: str, read: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = read()
        return self._known[key]


def _cpu(work: Callable[[], object]) -> float:
    """Milliseconds of this thread on the CPU."""
    start = time.thread_time()
    work()
    return (time.thread_time() - start) * 1000
