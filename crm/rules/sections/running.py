"""The rule set on the rest: the digest's hour, and how long technical records are kept."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from crm.period import Period, Span
from crm.rules.sections.base import Part

# An editor reads what stands without quotes as words or as a number, by the version of YAML that it speaks.
_SCHEMA = {"anyOf": [{"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d$"}, {"type": "integer"}]}


def _time_of_day(given: Any) -> Any:
    # YAML 1.1 reads 18:00 as a number to the base of sixty.
    return time(*divmod(given, 60)) if isinstance(given, int) and 0 <= given < 1440 else given


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day), WithJsonSchema(_SCHEMA)]


class Digest(Part):
    """The local hour of the daily funnel message."""

    at: TimeOfDay = time(18)


class Keep(Part):
    """How long technical records are kept before they are purged, and personal data where somebody says how long.

    Attributes:
        closed_leads, won_leads: what was written about a lead, and its customer with the last one, after it was closed.
        touches: what a known customer's posts said. files: files of follow-ups. reveals: who looked at a contact.
        audit: what must be answered for, never less than three years.
        erased_again: who is refused when somebody erased on request comes again: `lists`, `all` that comes in, `none`.
    """

    deliveries: Span = Period(7, "d")
    messages: Span = Period(30, "d")
    decisions: Span = Period(400, "d")
    closed_leads: Span | None = None
    won_leads: Span | None = None
    touches: Span | None = None
    files: Span | None = None
    reveals: Span | None = None
    audit: Span = Period(1100, "d")
    erased_again: Literal["lists", "all", "none"] = "lists"
