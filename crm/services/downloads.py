"""Links to the decisions of some days, made for one member."""

from __future__ import annotations

from datetime import date, datetime

from crm.rules.access import Actor
from crm.rules.periods import Period
from crm.services import tickets
from crm.services.members import zone
from crm.services.tickets import Ticket
from crm.vault import Vault

_PURPOSE = "decisions"


def issue(vault: Vault, *, actor: Actor, period: Period, now: datetime) -> str:
    """A ticket as a word for an address."""
    days = (period.first.isoformat(), period.last.isoformat())
    return tickets.issue(vault, _PURPOSE, actor, *days, period.zone.key, now=now)


def read(vault: Vault, word: str) -> tuple[Ticket, Period] | None:
    """The ticket and the days that it names; None for anything else."""
    ticket = tickets.read(vault, _PURPOSE, word)
    if ticket is None:
        return None
    first, last, name = ticket.named
    return ticket, Period("span", date.fromisoformat(first), date.fromisoformat(last), zone(name))
