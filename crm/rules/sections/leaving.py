"""The rule set on colleagues who leave: how long a manager has to hand over what they had, and what happens then."""

from __future__ import annotations

from typing import Literal

from crm.period import Period, Span
from crm.rules.sections.base import Part


class Leaving(Part):
    """Until `within` is over the clocks of a leaver's leads stand still; then they go to `to`.

    `pool`: each to where its pool's leads return. `manager`: to whoever would have handed them over.
    """

    within: Span = Period(7, "d")
    to: Literal["pool", "manager"] = "pool"
