"""A hand on every statement that this thread sends to PostgreSQL: something happens after the n-th."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

NEVER = 0


class Crash(Exception):
    """The process fails at this point."""


class Statements:
    """Counts the statements of one thread. After number `at` (the commit counts as one) `then` is called, once."""

    def __init__(self, at: int, then: Callable[[], None]) -> None:
        self.at, self.then, self.count = at, then, 0
        self._thread = threading.get_ident()

    @property
    def reached(self) -> bool:
        return self.count >= self.at

    def passed(self) -> None:
        """One more."""
        if threading.get_ident() != self._thread:
            return
        self.count += 1
        if self.count == self.at:
            self.then()


@contextmanager
def watching(at: int, then: Callable[[], None]) -> Iterator[Statements]:
    """Watch this thread's statements while the block runs."""
    seen = Statements(at, then)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(psycopg.Cursor, name, _after(getattr(psycopg.Cursor, name), seen))
        patch.setattr(psycopg.Connection, "commit", _before(psycopg.Connection.commit, seen))
        yield seen


def crash() -> None:
    raise Crash


def _after(call: Callable[..., Any], seen: Statements) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        result = call(*args, **named)
        seen.passed()
        return result

    return counted


def _before(call: Callable[..., Any], seen: Statements) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        seen.passed()
        return call(*args, **named)

    return counted
