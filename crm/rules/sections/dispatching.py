"""The rule set on dispatch: which lead is dealt to whom, in whose turn, and within which caps."""

from __future__ import annotations

from typing import Literal

from crm.rules.conditions import Condition
from crm.rules.sections.base import ALWAYS, Count, Name, Part
from crm.rules.sections.offering import Handing


class To(Part):
    """To whom a rule deals: any of these. Members by e-mail address or name."""

    departments: tuple[Name, ...] = ()
    roles: tuple[Name, ...] = ("rep",)
    members: tuple[Name, ...] = ()
    tags: tuple[Name, ...] = ()


class Caps(Part):
    per_day: Count | None = None


class Dispatch(Handing):
    """One way to deal leads. How it hands a lead over is in `Handing`."""

    name: Name
    when: Condition = ALWAYS
    to: To = To()
    strategy: Literal["round_robin"] = "round_robin"
    caps: Caps = Caps()
    working_hours: bool = True
    fallback: Name | None = None
