"""The clock control: a newcomer moves the shared time on and watches warnings and recycles happen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from crm import clock, queue
from crm.uow import UnitOfWork
from webhooks.playground.bodies import SetClock
from webhooks.playground.guard import Refused

FURTHEST = timedelta(days=3660)


def told(uow: UnitOfWork) -> dict[str, Any]:
    """What time it is here, in ISO 8601, and by how many seconds that is ahead of the machine's."""
    shift = clock.offset(uow.session)
    return {"now": (uow.time() + shift).isoformat(), "shift": shift.total_seconds()}


def move(uow: UnitOfWork, wanted: SetClock) -> dict[str, Any]:
    """Set, shift or reset the shared clock; what falls due by that is done. Raises Refused(422) for a strange time."""
    shift = _shift(uow, wanted)
    if abs(shift) > FURTHEST:
        raise Refused(422, "The clock moves ten years at most.")
    clock.set_offset(uow.session, shift)
    uow.defer(queue.Order(queue.TICK, {}))
    return told(uow)


def _shift(uow: UnitOfWork, wanted: SetClock) -> timedelta:
    try:
        if wanted.shift is not None:
            return clock.offset(uow.session) + clock.parse_shift(wanted.shift)
        return _moment(wanted.set) - uow.time() if wanted.set is not None else timedelta()
    except (ValueError, OverflowError):
        raise Refused(422, "Give a moment such as 2026-03-01T09:00:00+08:00, or a shift such as +1d2h.") from None


def _moment(words: str) -> datetime:
    at = datetime.fromisoformat(words)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
