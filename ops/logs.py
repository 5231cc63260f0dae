"""Logs: one JSON line an event, with keys; times in UTC. Nothing of a customer stands in them.

Of a failure they tell its kind and where it happened, not its message: that often repeats what was being read or
written, a name or a phone as like as not.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

# Phones and e-mail addresses, in what libraries log in their own words.
_CONTACT = re.compile(r"\+\d{8,15}|(?<![\w.-])1[3-9]\d{9}(?![\w-])|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


class Lines(logging.Formatter):
    """What libraries log through the standard library, likewise."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the library's name)
        return _CONTACT.sub("***", super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  (the library's name)
        return trace(ei[1])


class Unfailing:
    """A stream that drops what it cannot take: a disk that is full under the log keeps nobody from work."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, words: str) -> int:
        with suppress(OSError):
            self._stream.write(words)
        return len(words)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure() -> None:
    """Set up structured logs for this process, on standard error."""
    stream: Any = Unfailing(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            with_trace,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(level=logging.WARNING, stream=stream)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Lines("%(message)s"))


def with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The exception of an event as where it came from."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()[1]
    failure = found[1] if isinstance(found, tuple) else found
    if isinstance(failure, BaseException):
        event["exception"] = trace(failure)
    return event


def trace(failure: BaseException | None) -> str:
    """The kinds of a failure and of what caused it, each with the lines that led there."""
    return "\n".join(part for each in _chain(failure) for part in (*_frames(each), _kind(each)))


def _chain(failure: BaseException | None) -> Iterator[BaseException]:
    """What happened first comes first."""
    if failure is not None:
        yield from _chain(failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__))
        yield failure


def _frames(failure: BaseException) -> Iterator[str]:
    for frame in traceback.extract_tb(failure.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}: {frame.line or ""}'


def _kind(failure: BaseException) -> str:
    """With what PostgreSQL calls it, and which constraint was hurt."""
    diag = getattr(failure, "diag", None)
    facts = [part for part in (getattr(failure, "sqlstate", None), getattr(diag, "constraint_name", None)) if part]
    return " ".join([f"{type(failure).__module__}.{type(failure).__qualname__}", *facts])
