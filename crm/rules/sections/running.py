"""The rule set on the rest: the digest's hour, and how long technical records are kept."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any

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
    """How long technical records are kept before they are purged."""

    deliveries: Span = Period(7, "d")
    messages: Span = Period(30, "d")
    decisions: Span = Period(400, "d")
