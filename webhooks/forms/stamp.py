"""The stamp of a page that was opened: when, which page, and a name of its own, sealed so that nobody can make one.

A page that comes back sooner than a person can type, or long after it was opened, is shown again. What is sent twice
under one stamp counts once.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta

from bot.cards.language import _
from crm.vault import Vault, VaultError, fingerprint

# At a door a phone is filled in by the browser, and people are in a hurry.
SOONEST, SOONEST_AT_DOOR, LATEST = timedelta(seconds=2), timedelta(seconds=1), timedelta(hours=6)

TOO_SOON = _("That was faster than anybody types. Please look it over and send it again.")
TOO_LATE = _("This page had been open for long. Please look it over and send it again.")
DAMAGED = _("This page was damaged on its way. Please send it again.")


class Unstamped(Exception):
    """A page that is shown again with what was typed. Args: why: a sentence for the visitor; status: 4xx."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.why, self.status = why, status


def issue(vault: Vault, page: str, now: datetime) -> str:
    """A fresh stamp for a page."""
    return vault.seal(json.dumps(["page", page, now.isoformat(), secrets.token_urlsafe(9)])).decode()


def check(vault: Vault, page: str, stamp: str, now: datetime, *, soonest: timedelta = SOONEST) -> str:
    """The name of the stamp. Raises Unstamped."""
    try:
        purpose, named, at, name = json.loads(vault.open(stamp.encode()))
        age = now - datetime.fromisoformat(at)
    except (VaultError, ValueError, TypeError):
        raise Unstamped(DAMAGED, 400) from None
    if (purpose, named) != ("page", page):
        raise Unstamped(DAMAGED, 400)
    if age < soonest:
        raise Unstamped(TOO_SOON, 422)
    if age > LATEST:
        raise Unstamped(TOO_LATE, 422)
    return str(name)


def ticket(vault: Vault, org_id: int, code_id: int) -> str:
    """Names the code that was owed to the phone on this page."""
    return vault.seal(json.dumps(["phone", org_id, code_id])).decode()


def code_of(vault: Vault, org_id: int, word: str) -> int | None:
    """The code that a ticket names; None for anything else."""
    try:
        purpose, org, code_id = json.loads(vault.open(word.encode()))
    except (VaultError, ValueError, TypeError):
        return None
    return int(code_id) if (purpose, org) == ("phone", org_id) else None


def sending(name: str, values: dict[str, str]) -> str:
    """A name for what was sent: the same again is a repeat, other words under the same stamp are not."""
    return f"page:{name}:{fingerprint(json.dumps(sorted(values.items())))[:20]}"
