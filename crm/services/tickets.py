"""Tickets: sealed words in an address that say for what, for whom and until when, so that nothing has to be stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from crm.rules.access import Actor
from crm.vault import Vault, VaultError

GOOD_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose it is, what it names, and until when it may be used; whoever reads it looks at `until`."""

    org_id: int
    member_id: int
    named: tuple[Any, ...]
    until: datetime


def issue(vault: Vault, purpose: str, actor: Actor, *named: str | int, now: datetime) -> str:
    """A ticket as a word for an address. One for another purpose is none."""
    until = now + GOOD_FOR
    return vault.seal(json.dumps([purpose, actor.org_id, actor.id, until.isoformat(), *named])).decode()


def read(vault: Vault, purpose: str, word: str) -> Ticket | None:
    """What a ticket says; None for anything else."""
    try:
        known, org_id, member_id, until, *named = json.loads(vault.open(word.encode()))
    except (VaultError, ValueError, TypeError):
        return None
    return Ticket(org_id, member_id, tuple(named), datetime.fromisoformat(until)) if known == purpose else None
