"""The calendar of a member's reminders, found by a secret address: who holds it reads, so it tells little.

It names what is due and when, never a phone or an address. The address names the organization, because nobody is known
to whoever asks for it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from crm.rules.access import Actor
from crm.services import members
from crm.uow import UnitOfWork
from crm.vault import Vault, VaultError, fingerprint

# Phones and e-mail addresses.
_KEYS = re.compile(r"\+?\d(?:[\s-]?\d){6,}|\S+@\S+")
BEHIND, AHEAD, MOST = timedelta(days=30), timedelta(days=366), 500
_MINE = text("select token from calendar_feed where org_id = :org and member_id = :me")
_SET = text(
    """
    insert into calendar_feed (org_id, member_id, token_hash, token, created_at) values (:org, :me, :hash, :token, :now)
    on conflict (org_id, member_id) do update
    set token_hash = excluded.token_hash, token = excluded.token, created_at = excluded.created_at
    """
)
_END = text("delete from calendar_feed where org_id = :org and member_id = :me")
_OWNER = text("select member_id from calendar_feed where org_id = :org and token_hash = :hash")
_EVENTS = text(
    """
    select t.id, t.due_at, t.words, t.version, t.created_at, l.number, p.name, p.company
    from task t
    left join lead l on l.org_id = t.org_id and l.id = t.lead_id
    left join person p on p.org_id = l.org_id and p.id = l.person_id
    where t.org_id = :org and t.member_id = :me and t.state = 'open' and t.due_at between :since and :until
    order by t.due_at, t.id limit :most
    """
)


@dataclass(frozen=True, slots=True)
class Event:
    """A reminder as a calendar shows it."""

    id: int
    at: datetime
    title: str
    version: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A member's reminders; `tag` changes when anything in them does."""

    member: Actor
    events: Sequence[Event]
    tag: str


def address_of(uow: UnitOfWork, vault: Vault, *, actor: Actor) -> str:
    """The word of the member's address; made at the first time, and anew where the key that sealed it is gone."""
    sealed: bytes | None = uow.session.scalar(_MINE, {"org": uow.org_id, "me": actor.id})
    try:
        return vault.open(sealed) if sealed else renew(uow, vault, actor=actor)
    except VaultError:
        return renew(uow, vault, actor=actor)


def renew(uow: UnitOfWork, vault: Vault, *, actor: Actor) -> str:
    """A new word; the former address is unknown from now on."""
    token = f"{uow.org_id}-{secrets.token_urlsafe(24)}"
    args = {"org": uow.org_id, "me": actor.id, "hash": fingerprint(token), "token": vault.seal(token), "now": uow.now}
    uow.session.execute(_SET, args)
    return token


def end(uow: UnitOfWork, *, actor: Actor) -> None:
    """The address is unknown from now on."""
    uow.session.execute(_END, {"org": uow.org_id, "me": actor.id})


def organization(token: str) -> int | None:
    """Whose address it would be; None for a word that is none."""
    number, dash, secret = token.partition("-")
    return int(number) if dash and secret and number.isascii() and number.isdigit() and len(number) < 18 else None


def read(uow: UnitOfWork, token: str) -> Feed | None:
    """The reminders behind an address; None where there are none, or the member has left."""
    owner: int | None = uow.session.scalar(_OWNER, {"org": uow.org_id, "hash": fingerprint(token)})
    member = members.get(uow, owner) if owner else None
    if member is None or not member.active:
        return None
    span = {"since": uow.now - BEHIND, "until": uow.now + AHEAD, "most": MOST}
    rows = uow.session.execute(_EVENTS, {"org": uow.org_id, "me": member.id} | span).all()
    events = [
        Event(row.id, row.due_at, _title(row.words, row.name, row.company, row.number), row.version, row.created_at)
        for row in rows
    ]
    told = repr((member.locale, [(each.id, each.at, each.title, each.version) for each in events]))
    return Feed(member, events, hashlib.sha256(told.encode()).hexdigest()[:32])


def _title(words: str | None, name: str | None, company: str | None, number: int | None) -> str:
    """Whom it is about and its reference, and what is to be done; keys that somebody wrote down stay out."""
    whom = " · ".join(filter(None, (name or company, f"L-{number}" if number else None)))
    return ": ".join(filter(None, (whom, _KEYS.sub("…", words or "")))) or "–"
