"""Pushes to open pages by server-sent events: Redis wakes them; with Redis down they look at the table themselves."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis import Redis, RedisError

from bot.platforms.playground import CHANNEL

LOOK_EVERY = 1.5
KEEP_ALIVE = 15.0


class Wakeup:
    """One thread per process listens for news, as long as pages are open, and wakes each of them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def join(self) -> asyncio.Event:
        """An event of the running loop that is set at every piece of news."""
        event = asyncio.Event()
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="playground-wakeup", daemon=True)
                self._thread.start()
        return event

    def leave(self, event: asyncio.Event) -> None:
        """The page is gone; with the last one the thread ends."""
        with self._lock:
            self._waiting.pop(event, None)

    def _listen(self) -> None:
        while not self._is_over():
            # ValueError: the client was closed by another thread, as at the end of the process.
            with suppress(RedisError, OSError, ValueError):
                self._follow()
            time.sleep(LOOK_EVERY)

    def _follow(self) -> None:
        with self._redis.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(CHANNEL)
            while self._waiting:
                if channel.get_message(timeout=1.0):
                    self._wake()

    def _is_over(self) -> bool:
        with self._lock:
            if not self._waiting:
                self._thread = None
            return self._thread is None

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            with suppress(RuntimeError):  # a loop that closed meanwhile
                loop.call_soon_threadsafe(event.set)


@dataclass(frozen=True, slots=True)
class News:
    """What a page has not seen yet: messages, the number to go on from, how far the clock is shifted, and the highest
    number of all, by which a page learns that somebody else has news.
    """

    messages: list[dict[str, Any]]
    cursor: int
    shift: float
    latest: int


async def events(wakeup: Wakeup, read: Callable[[int], Awaitable[News | None]], since: int) -> AsyncIterator[str]:
    """What is new after number `since`, as it happens, until the page goes away."""
    woken, before, told_at = wakeup.join(), None, 0.0
    try:
        while True:
            woken.clear()
            if news := await read(since):
                for event in _told(news, before):
                    yield event
                since, before = news.cursor, news
            if time.monotonic() - told_at > KEEP_ALIVE:
                told_at = time.monotonic()
                yield _event("here", {}, since)
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), LOOK_EVERY)
    finally:
        wakeup.leave(woken)


def _told(news: News, before: News | None) -> Iterator[str]:
    if news.messages:
        yield _event("messages", news.messages, news.cursor)
    if before is not None and news.shift != before.shift:
        yield _event("clock", {"shift": news.shift}, news.cursor)
    if before is not None and news.latest != before.latest:
        yield _event("elsewhere", {}, news.cursor)


def _event(name: str, data: Any, number: int) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
