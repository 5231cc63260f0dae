"""Refusals about what stands still: held and parked leads, paused rules, runs that are rewound, and life stages."""

from __future__ import annotations

from crm.errors import Refusal, _


class LeadOnHold(Refusal):
    code = "lead_on_hold"
    message = _("{ref} is on hold until {until}. A manager can end that: unhold {ref}")


class LeadParked(Refusal):
    code = "lead_parked"
    message = _("{ref} is parked until {until} and comes back by itself. To have it back now: unhold {ref}")


class LeadWaits(Refusal):
    code = "lead_waits"
    message = _("{ref} is being dealt and cannot be put aside now. Type why {ref} to see what it waits for.")


class NotHeld(Refusal):
    code = "not_held"
    message = _("{ref} is neither on hold nor parked. Type lead {ref} to see where it stands.")


class ReasonNeeded(Refusal):
    code = "reason_needed"
    message = _("Say why, so that everybody can see it later. Type it like this: {example}")


class ParkedTooLong(Refusal):
    code = "parked_too_long"
    message = _("A lead can be parked until {until} at most. Name an earlier time.")


class ParkedEnough(Refusal):
    code = "parked_enough"
    message = _("{used} of {limit} leads are parked already. Fetch one back first: my nurtured")


class RuleNotFound(Refusal):
    code = "rule_not_found"
    message = _("There is no rule “{given}”. Rules: {names}")


class RuleNotPaused(Refusal):
    code = "rule_not_paused"
    message = _("The rule “{name}” is not paused.")


class RunNotFound(Refusal):
    code = "run_not_found"
    message = _("There is no run {given} of the last 24 hours. Type rewind to see them.")


class SellingForbidden(Refusal):
    code = "selling_forbidden"
    message = _("{ref} is not to be sold to now: {name}.")
