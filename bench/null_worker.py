"""`python -m bench.null_worker`: a worker that sends to nobody, so that nothing but itself and PostgreSQL counts.

The platforms take every card at once, and none of their limits holds anything back.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from bot import limiter
from bot.cards.model import Card
from bot.platforms.base import Address, Handle, Workspace
from crm.settings import load
from ops.logs import configure
from ops.runtime import compose, settle
from ops.worker import CONCURRENCY, keep_working

_numbers = count(1)


def main() -> None:
    """Work until SIGTERM."""
    configure()
    bot = compose(load(statement_timeout_ms=30_000, pool_size=CONCURRENCY + 4))
    platforms: list[Any] = list(bot.platforms.values())
    for platform in platforms:
        platform.send = _taken
    limiter.PER_PLACE.clear()
    limiter.PER_WORKSPACE.clear()
    settle()
    asyncio.run(keep_working(bot))


def _taken(workspace: Workspace, to: Address, card: Card, *, key: str) -> Handle:  # noqa: ARG001  (the platform's)
    return {"channel": to.external_id, "ts": f"1.{next(_numbers)}"}


if __name__ == "__main__":
    main()
