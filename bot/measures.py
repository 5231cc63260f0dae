"""What this process counts and times, for Prometheus. Names of people, customers and places are never labels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from prometheus_client import Counter, Histogram
from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

from bot.interaction import Interaction
from crm.errors import Refusal

log = structlog.get_logger()

_QUICK = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5)
_SLOW = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300)

INTERACTIONS = Counter(
    "sluice_interactions", "What people did, by command or button, and how it ended.",
    ("platform", "command", "outcome"),
)  # fmt: skip
ANSWERED = Histogram("sluice_answer_seconds", "Until the answer was made.", ("platform",), buckets=_QUICK)
DELIVERIES = Counter(
    "sluice_deliveries", "Tries to send a message: sent, later, dead or dropped.", ("platform", "topic", "result")
)
WAITS = Histogram(
    "sluice_limiter_wait_seconds", "What a platform's limits made a message wait.", ("platform",), buckets=_SLOW
)


class Doing:
    """How an interaction ends: `done` unless something else is said."""

    def __init__(self) -> None:
        self.outcome = "done"

    def refused(self, refusal: Refusal) -> None:
        """It was refused, by that name."""
        self.outcome = refusal.code


@contextmanager
def doing(interaction: Interaction, delivery: str) -> Iterator[Doing]:
    """Time and count one interaction; every line that is logged meanwhile carries the delivery's key."""
    began, made = time.perf_counter(), Doing()
    with bound_contextvars(delivery=delivery, platform=interaction.platform, command=interaction.kind):
        try:
            yield made
        except BaseException:
            made.outcome = "failed"
            raise
        finally:
            _note(interaction, made.outcome, time.perf_counter() - began)


def about(command: str) -> None:
    """What is being done is this command or button."""
    bind_contextvars(command=command)


def _note(interaction: Interaction, outcome: str, seconds: float) -> None:
    command = get_contextvars().get("command", interaction.kind)
    INTERACTIONS.labels(interaction.platform, command, outcome).inc()
    ANSWERED.labels(interaction.platform).observe(seconds)
    log.info("interaction", outcome=outcome, ms=round(seconds * 1000, 1))
