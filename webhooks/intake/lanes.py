"""Posts that come at the same moment are taken in together: one thread works for all that wait meanwhile.

Who finds the lane free begins at once, alone; who comes while somebody is served is in the next lot. Behind a lot the
next one waits a moment, no longer than the lot took, for as many as were there before. So a quiet door
is as quick as ever, and a busy one does in one transaction what would take many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass

import structlog
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars, get_contextvars

from webhooks.intake.post import Answer, Post

log = structlog.get_logger(__name__)
MOST = 64
LONGEST = 0.02  # seconds
Alone = Callable[[Post], Answer | None]
Together = Callable[[Sequence[Post]], Sequence[Answer | None]]


@dataclass(frozen=True, slots=True)
class _Place:
    """One who waits in a lane."""

    post: Post
    answer: asyncio.Future[Answer | None]
    context: Context


class Lane:
    """Posts of one source in this process, all of one event loop.

    Args:
        alone: answers one post; None where it is not for this source.
        together: the answers of several; None for each that has to be taken alone.

    Both work in a thread. Whatever they raise, those concerned have to be taken alone.
    """

    def __init__(self, alone: Alone, together: Together) -> None:
        self._alone, self._together = alone, together
        self._waiting: deque[_Place] = deque()
        self._working: asyncio.Task[None] | None = None
        self._wanted, self._here = 0, asyncio.Event()

    async def take(self, post: Post) -> Answer | None:
        """The answer to a post; None when it has to be taken alone."""
        mine = _Place(post, asyncio.get_running_loop().create_future(), copy_context())
        self._waiting.append(mine)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        elif len(self._waiting) >= self._wanted:
            self._here.set()
        return await mine.answer

    async def _work(self) -> None:
        """Lot after lot, until nobody comes any more."""
        clock = asyncio.get_running_loop().time
        while self._waiting:
            lot = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            began = clock()
            for place, answer in zip(lot, await self._served(lot), strict=True):
                if not place.answer.done():
                    place.answer.set_result(answer)
            await self._gather(min(len(lot) + len(self._waiting), MOST), clock() - began)
        self._working = None

    async def _served(self, lot: Sequence[_Place]) -> Sequence[Answer | None]:
        # What is logged meanwhile bears the number of the first one's request, and beside it those of all.
        requests = [place.context.run(get_contextvars).get("request") for place in lot]
        return await run_in_threadpool(lot[0].context.run, self._answers, [place.post for place in lot], requests)

    def _answers(self, posts: Sequence[Post], requests: Sequence[str | None]) -> Sequence[Answer | None]:
        try:
            if len(posts) == 1:
                return [self._alone(posts[0])]
            bind_contextvars(requests=requests)
            return self._together(posts)
        except Exception as exc:  # noqa: BLE001  (it is raised again where each is taken alone)
            log.warning("intake.lot_broke", posts=len(posts), cause=type(exc).__name__)
        return [None] * len(posts)

    async def _gather(self, many: int, seconds: float) -> None:
        """Wait until so many are here, or for that time."""
        if 1 < many > len(self._waiting):
            self._wanted = many
            self._here.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, LONGEST)):
                    await self._here.wait()


class Lanes:
    """A lane for each source."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, Lane] = {}

    def of(self, source: Hashable, alone: Alone, together: Together) -> Lane:
        """The lane of a source, made when it is asked for first."""
        if source not in self._lanes:
            self._lanes[source] = Lane(alone, together)
        return self._lanes[source]
