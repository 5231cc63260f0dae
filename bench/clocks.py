"""What a deadline costs: thirty days of working time with holidays, as the recycle clock evaluates it for each lead.

Leads differ in all that a clock depends on, so nothing is remembered from one to the next but the calendar's years.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bench.frame import Env, Figure
from crm.calendar import Calendar
from crm.period import Period
from crm.rules import recycle
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import parse

MANY, TARGET = 20_000, 50
BEGAN = datetime(2026, 9, 15, 1, tzinfo=UTC)
CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"), country="CN")
RULES = parse("recycle:\n  - {name: month, no_follow_up: 30wd}\n")


def run(_: Env) -> list[Figure]:
    """Microseconds of CPU for each."""
    moments = [BEGAN + timedelta(minutes=7 * number) for number in range(MANY)]
    leads = [_lead(at) for at in moments]
    return [
        _cost("working hours over 30 days", moments, lambda at: CALENDAR.add(at, Period(240, "wh"))),
        _cost("30 working days", moments, lambda at: CALENDAR.add(at, Period(30, "wd"))),
        _cost("a lead's whole clock, with its next warning", leads, _deadline),
    ]


def _lead(at: datetime) -> LeadFacts:
    return LeadFacts(id=1, status="open", owner_id=1, assigned_at=at, followed_up_at=at + timedelta(hours=30))


def _deadline(lead: LeadFacts) -> recycle.Deadlines:
    return recycle.deadlines(lead, rules=RULES, calendar=CALENDAR, now=BEGAN)


def _cost(name: str, given: Sequence[Any], evaluate: Callable[[Any], object]) -> Figure:
    evaluate(given[0])
    start = time.thread_time()
    for one in given:
        evaluate(one)
    each = (time.thread_time() - start) / len(given) * 1_000_000
    return Figure(f"{name} (CPU)", each, "µs", target=TARGET)
