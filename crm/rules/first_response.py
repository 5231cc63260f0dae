"""The time to the first response: when the owner is nudged, the manager hears of it, and the lead goes to another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from crm.calendar import Calendar
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Rules
from crm.rules.sections.offering import FirstResponse

Act = Literal["nudge", "copy", "reoffer"]


@dataclass(frozen=True, slots=True)
class Step:
    """What happens, and when."""

    act: Act
    at: datetime


def applying(facts: LeadFacts, rules: Rules) -> FirstResponse | None:
    """The first rule that waits for the owner's first response; None once there was one, or where none applies."""
    if facts.status != "open" or facts.owner_id is None or facts.origin == "self" or facts.held_by is not None:
        return None
    if facts.gone or _answered(facts):
        return None
    return next((rule for rule in rules.first_response if rule.when.holds(facts)), None)


def due(rule: FirstResponse, assigned_at: datetime, calendar: Calendar) -> datetime:
    """When the time of a lead that was assigned then is over, by the owner's calendar."""
    return calendar.add(assigned_at, rule.within)


def ladder(rule: FirstResponse, assigned_at: datetime, calendar: Calendar) -> list[Step]:
    """The steps in order. A nudge that would come outside the working time comes when work begins again."""
    over = due(rule, assigned_at, calendar)
    nudge = max(over - rule.nudge.longest, assigned_at)
    steps = [Step("nudge", min(calendar.next_working(nudge), over) if rule.within.is_working else nudge)]
    if rule.copy_manager_after:
        steps.append(Step("copy", calendar.add(over, rule.copy_manager_after)))
    if rule.reoffer_after:
        steps.append(Step("reoffer", calendar.add(over, rule.reoffer_after)))
    return sorted(steps, key=lambda step: step.at)


def _answered(facts: LeadFacts) -> bool:
    """Whether the present owner has reached the person, or the colleague had who handed the lead over; an attempt that
    reached nobody is no answer."""
    if facts.assigned_at is None or facts.contacted_at is None:
        return facts.assigned_at is None
    return facts.taken_over or max(facts.contacted_at, facts.followed_up_at or facts.contacted_at) >= facts.assigned_at
