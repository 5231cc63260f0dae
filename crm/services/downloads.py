"""Links to files made for one member: they say what and for whom, are sealed, and are good for a short while."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm.rules.access import Actor
from crm.rules.periods import Period
from crm.services.members import zone
from crm.vault import Vault, VaultError

GOOD_FOR = timedelta(minutes=15)
_PURPOSE = "decisions"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose decisions of which days, and until when it may be used."""

    org_id: int
    member_id: int
    period: Period
    until: datetime


def issue(vault: Vault, *, actor: Actor, period: Period, now: datetime) -> str:
    """A ticket as a word for an address."""
    until = now + GOOD_FOR
    told = [_PURPOSE, actor.org_id, actor.id, *_days(period), period.zone.key, until.isoformat()]
    return vault.seal(json.dumps(told)).decode()


def read(vault: Vault, word: str) -> Ticket | None:
    """What a ticket says; None for anything else. Whoever reads it looks at `until`."""
    try:
        purpose, org_id, member_id, first, last, name, until = json.loads(vault.open(word.encode()))
    except (VaultError, ValueError, TypeError):
        return None
    if purpose != _PURPOSE:
        return None
    period = Period("span", date.fromisoformat(first), date.fromisoformat(last), zone(name))
    return Ticket(org_id, member_id, period, datetime.fromisoformat(until))


def _days(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()
