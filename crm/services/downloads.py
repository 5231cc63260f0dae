"""Links to what happened in some days, made for one member: decisions, looks at contacts, the audit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from crm.rules.access import Actor
from crm.rules.periods import Period
from crm.services import tickets
from crm.services.members import zone
from crm.services.tickets import Ticket
from crm.vault import Vault

What = Literal["decisions", "reveals", "audit"]
WHAT: tuple[What, ...] = ("decisions", "reveals", "audit")
# What a member must be allowed to, when the link is made and when it is followed.
DEEDS: dict[What, str] = {"decisions": "export", "reveals": "reveals", "audit": "privacy"}


def issue(vault: Vault, *, actor: Actor, period: Period, now: datetime, what: What = "decisions") -> str:
    """A ticket as a word for an address."""
    days = (period.first.isoformat(), period.last.isoformat())
    return tickets.issue(vault, what, actor, *days, period.zone.key, now=now)


def read(vault: Vault, word: str) -> tuple[What, Ticket, Period] | None:
    """What the ticket is for, the ticket, and the days that it names; None for anything else."""
    for what in WHAT:
        if ticket := tickets.read(vault, what, word):
            first, last, name = ticket.named
            return what, ticket, Period("span", date.fromisoformat(first), date.fromisoformat(last), zone(name))
    return None
