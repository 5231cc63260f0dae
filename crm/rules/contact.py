"""Life stages in which a customer is not to be sold to: what is forbidden with a lead, and what may be done instead."""

from __future__ import annotations

from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Rules
from crm.rules.sections.contacting import Contact, Deed


def forbidding(rules: Rules, facts: LeadFacts, deed: Deed) -> Contact | None:
    """The first entry of `contact` that forbids it for this lead."""
    return next((one for one in rules.contact if one.forbids(deed) and one.when.holds(facts)), None)
