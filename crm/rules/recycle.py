"""The recycle clock: one function yields the countdown that is shown, the warnings before, and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from crm.calendar import Calendar
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Recycle, Rules
from crm.rules.standing import Span, over

# When rules stood or will stand still because somebody paused them, by the rule's name.
Stops = Mapping[str, Sequence[Span]]

# A warning that would come at night comes so long before the end of the working time, so that there is time to act.
MARGIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When a lead goes back and by which rule, and the next warning. All None for a lead that stays.

    Attributes:
        warn_step: which step `warn_at` belongs to, counted from the farthest; those before it are over.
    """

    recycle_at: datetime | None = None
    rule: str | None = None
    warn_at: datetime | None = None
    warn_step: int = 0


NONE = Deadlines()


def deadlines(
    facts: LeadFacts, *, rules: Rules, calendar: Calendar, now: datetime, stops: Stops | None = None
) -> Deadlines:
    """The clock of a lead, from its facts alone; `now` only tells which warnings of a new clock are past already.

    Args:
        calendar: of the owner.
        stops: pauses of rules, during which their clocks stand still.
    """
    ends = ending(facts, applying(facts, rules), rules=rules, calendar=calendar, stops=stops)
    if ends is None:
        return NONE
    recycle_at, name = ends
    warn_at, step = _next_warning(facts, recycle_at, rules, calendar, now)
    return Deadlines(recycle_at, name, warn_at, step)


def ending(
    facts: LeadFacts, running: Sequence[Recycle], *, rules: Rules, calendar: Calendar, stops: Stops | None = None
) -> tuple[datetime, str] | None:
    """When the clock of a lead is over, and by which rule; None for a lead that stays.

    Args:
        running: the rules that apply to it; the others as for `deadlines`.
    """
    paused = stops or {}
    due = [(_due(facts, rule, rules, calendar, paused.get(rule.name, ())), rule.name) for rule in running]
    # The earliest; of two at once the one that is written first.
    return min(due, key=lambda found: found[0]) if due else None


def applying(facts: LeadFacts, rules: Rules) -> tuple[Recycle, ...]:
    """The rules whose clock runs for a lead."""
    if facts.status != "open" or facts.owner_id is None or facts.assigned_at is None:
        return ()
    if facts.gone or facts.origin == "self" or facts.held_by is not None:
        return ()
    if exempted(facts, rules) is not None:
        return ()
    contacted = _contacted(facts, facts.assigned_at)
    possible = (rule for rule in rules.recycle if not (contacted and rule.anchor == "no_first_contact"))
    return tuple(rule for rule in possible if rule.when.holds(facts))


def exempted(facts: LeadFacts, rules: Rules) -> str | None:
    """Which exemption keeps the lead, by name."""
    return next((one.name for one in rules.exempt if one.when.holds(facts)), None)


def anchors(facts: LeadFacts, running: Sequence[Recycle] = ()) -> tuple[object, ...]:
    """All that a clock depends on besides its rules and calendar. Args: running: the rules that apply."""
    by_stage = any(rule.anchor == "stuck_in_stage" for rule in running)
    return (
        facts.begun_at, facts.followed_up_at, facts.extended_until, facts.protected_until, facts.planned_at,
        facts.recycle_at, facts.warn_step, facts.stage_entered_at if by_stage else None,
    )  # fmt: skip


def warnings(recycle_at: datetime, *, rules: Rules, calendar: Calendar) -> list[datetime]:
    """The moments of the ladder's steps, the farthest first, each moved into the owner's working time."""
    moved = (calendar.last_working(recycle_at - step.longest, margin=MARGIN) for step in rules.ladder)
    # A step that is moved to before an earlier one waits for it.
    return list(accumulate(moved, max))


def next_step(moments: list[datetime], after: datetime, step: int = 0) -> int:
    """The first step from `step` on that is still to come; of steps that fall on one moment, the last."""
    coming = [number for number in range(step, len(moments)) if moments[number] > after]
    if not coming:
        return len(moments)
    return max(number for number in coming if moments[number] == moments[coming[0]])


def due_steps(moments: list[datetime], now: datetime, step: int) -> range:
    """The steps from `step` on whose moment has come, with those before it that fall on the same moment."""
    first = step
    while first > 0 and step < len(moments) and moments[first - 1] == moments[step]:
        first -= 1
    return range(first, sum(moment <= now for moment in moments))


def _contacted(facts: LeadFacts, since: datetime) -> bool:
    """Whether the present owner has been in contact. A contact under a former owner does not count for this one, but of
    the colleague who handed the lead over: then it is the next follow-up that is waited for."""
    if facts.contacted_at is None:
        return False
    return facts.taken_over or max(facts.contacted_at, facts.followed_up_at or facts.contacted_at) >= since


def _begun(facts: LeadFacts, anchor: str, assigned: datetime) -> datetime:
    """From when the condition is counted; never from before the present assignment."""
    since = {"no_follow_up": facts.followed_up_at, "stuck_in_stage": facts.stage_entered_at}.get(anchor)
    return max(assigned, since or assigned)


def _due(facts: LeadFacts, rule: Recycle, rules: Rules, calendar: Calendar, paused: Sequence[Span]) -> datetime:
    begun = facts.begun_at
    assert begun is not None, "a lead without an owner has no clock"
    away = calendar.absences() if rule.leave == "pauses" and not rule.period.is_working else ()
    due = over(_begun(facts, rule.anchor, begun), rule.period, calendar, (*paused, *away))
    shields = [shield for shield in (facts.extended_until, facts.protected_until) if shield]
    if facts.planned_at:
        hold = rules.task_hold
        shields.append(min(calendar.add(facts.planned_at, hold.grace), due + hold.cap.longest))
    return max(due, *shields) if shields else due


def _next_warning(
    facts: LeadFacts, recycle_at: datetime, rules: Rules, calendar: Calendar, now: datetime
) -> tuple[datetime | None, int]:
    """Each step once: a clock that stays goes on with its next step, a new one begins with the first to come."""
    moments = warnings(recycle_at, rules=rules, calendar=calendar)
    step = facts.warn_step if facts.recycle_at == recycle_at else next_step(moments, now)
    return (moments[step], step) if step < len(moments) else (None, step)
