"""The rule set on the way from a rule to an owner: offers with a timer, a team's first tap, a manager's desk, the time
within which a new owner answers, and the lines that follow a purchase.
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from crm.period import Period, Span, Written
from crm.rules.conditions import Condition
from crm.rules.sections.base import ALWAYS, Name, Part

TIMERS = {"offer": "accept_within", "group": "exclusive_for", "desk": "desk_within"}


class Handing(Part):
    """How a dispatch rule hands a lead over.

    Attributes:
        mode: `assign` makes the next candidate its owner at once; `offer` asks one after the other; `group` lets the
            whole team tap; `desk` lays it before a manager.
        nobody: when no candidate is left: the fallback pool, wait until somebody is there, or a manager's desk.
    """

    mode: Literal["assign", "offer", "group", "desk"] = "assign"
    accept_within: Written = Period(15, "m")
    exclusive_for: Written = Period(30, "m")
    desk_within: Written = Period(4, "h")
    nobody: Literal["pool", "hold", "manager"] = "pool"

    @model_validator(mode="after")
    def _timers_belong_to_modes(self) -> Handing:
        used = {TIMERS.get(self.mode), "desk_within" if self.nobody == "manager" else None}
        idle = sorted(set(TIMERS.values()) & self.model_fields_set - used)
        if idle:
            needed = next(mode for mode, timer in TIMERS.items() if timer == idle[0])
            raise ValueError(f"{idle[0]} is for mode {needed}; this rule's mode is {self.mode}")
        return self


class FirstResponse(Part):
    """Within what time a new owner gets in touch, and what happens before and after it is over.

    Attributes:
        within: from the assignment to the first contact; `30m` on the clock, `2wh` in the owner's working time.
        nudge: so long before, the owner is reminded; zero: when the time is over.
        copy_manager_after, reoffer_after: so long after it is over, the manager hears of it, and the lead goes to
            somebody else. Without them that does not happen.
    """

    name: Name
    when: Condition = ALWAYS
    within: Written
    nudge: Span = Period(0, "m")
    copy_manager_after: Written | None = None
    reoffer_after: Written | None = None


class FollowingLine(Part):
    """A line of business that begins when a lead of another line is won.

    Attributes:
        when: which won leads open one.
        after_won: how long the new lead is parked, unless the customer comes in again before.
    """

    name: Name
    when: Condition = ALWAYS
    after_won: Span
