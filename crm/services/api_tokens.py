"""Keys to the read API: named, shown once, kept as a fingerprint; what each opens is its scopes.

A token names its organization, because nobody is known to whoever shows it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from crm.errors import BadArgument
from crm.errors_of_interfaces import ScopeNotFound, TokenNotFound
from crm.models import ApiToken
from crm.rules.access import Actor
from crm.uow import UnitOfWork
from crm.vault import fingerprint

SCOPES = ("leads:read", "contacts:read", "credits:read")
MOST, LONGEST = 50, 3650  # tokens, days
USED_EVERY = timedelta(minutes=1)  # a row written at each request would be what they all wait for
_SHAPE = re.compile(r"slc_(\d{1,15})_[A-Za-z0-9_-]{20,64}")
_FIND = text(
    "select id, name, scopes, last_used_at from api_token"
    " where org_id = :org and token_hash = :hash and revoked_at is null and (expires_at is null or expires_at > :now)"
)
_USED = text("update api_token set last_used_at = :now where org_id = :org and id = :id")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever asks, by a token that is good."""

    token_id: int
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return scope in self.scopes


def create(
    uow: UnitOfWork, *, actor: Actor | None, name: str, scopes: Iterable[str], days: int | None = None
) -> tuple[ApiToken, str]:
    """A token and its word, which cannot be read again.

    Args: actor: None for the command line; scopes: `leads` is `leads:read`; days: for how long, for ever without.
    Raises: NotAllowed, ScopeNotFound, BadArgument.
    """
    _check(actor)
    chosen = sorted({_scope(each) for each in scopes}, key=SCOPES.index)
    named = " ".join(name.split())[:60]
    if days is not None and not 1 <= days <= LONGEST:
        raise BadArgument(given=f"{days}d", example=f"tokens new warehouse leads:read {LONGEST}d")
    if not chosen or not named or len(listing(uow)) >= MOST:
        raise BadArgument(given=name, example="tokens new warehouse leads:read 90d")
    word = f"slc_{uow.org_id}_{secrets.token_urlsafe(24)}"
    token = ApiToken(
        org_id=uow.org_id, number=_next(uow), name=named, token_hash=fingerprint(word), scopes=chosen,
        created_at=uow.now, created_by=actor.id if actor else None,
        expires_at=uow.now + timedelta(days=days) if days else None,
    )  # fmt: skip
    uow.session.add(token)
    uow.session.flush()
    return token, word


def revoke(uow: UnitOfWork, *, actor: Actor | None, number: int) -> ApiToken:
    """From now on it opens nothing. Raises NotAllowed, TokenNotFound."""
    _check(actor)
    token = get(uow, number)
    if token is None or token.revoked_at is not None:
        raise TokenNotFound(given=number)
    token.revoked_at = uow.now
    uow.session.flush()
    return token


def get(uow: UnitOfWork, number: int) -> ApiToken | None:
    """The one with that number in its organization."""
    return uow.session.scalar(select(ApiToken).where(ApiToken.org_id == uow.org_id, ApiToken.number == number))


def listing(uow: UnitOfWork) -> Sequence[ApiToken]:
    """Those that were not revoked, the oldest first."""
    mine = (ApiToken.org_id == uow.org_id, ApiToken.revoked_at.is_(None))
    return uow.session.scalars(select(ApiToken).where(*mine).order_by(ApiToken.id)).all()


def organization(word: str) -> int | None:
    """Whose token it would be; None for a word that is none."""
    found = _SHAPE.fullmatch(word)
    return int(found[1]) if found else None


def bearer(uow: UnitOfWork, word: str) -> Bearer | None:
    """Who shows this token; None when it is unknown, revoked or expired."""
    args = {"org": uow.org_id, "hash": fingerprint(word), "now": uow.now}
    row = uow.session.execute(_FIND, args).one_or_none()
    if row is None:
        return None
    if _is_old(row.last_used_at, uow.now):
        uow.session.execute(_USED, {"org": uow.org_id, "id": row.id, "now": uow.now})
    return Bearer(row.id, row.name, frozenset(row.scopes))


def names_scope(word: str) -> bool:
    """Whether a word is meant as what a token opens: `leads:read`, `leads`, or a misspelt `leads:raed`."""
    return ":" in word or f"{word.lower()}:read" in SCOPES


def _scope(word: str) -> str:
    """Raises ScopeNotFound."""
    scope = word.lower() if ":" in word else f"{word.lower()}:read"
    if scope not in SCOPES:
        raise ScopeNotFound(given=word, names=", ".join(SCOPES))
    return scope


def _next(uow: UnitOfWork) -> int:
    return (uow.session.scalar(select(func.max(ApiToken.number)).where(ApiToken.org_id == uow.org_id)) or 0) + 1


def _is_old(used: datetime | None, now: datetime) -> bool:
    return used is None or now - used >= USED_EVERY


def _check(actor: Actor | None) -> None:
    if actor is not None:
        actor.need("systems")
