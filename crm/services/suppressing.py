"""Customers who were erased on request do not come back from an old list: their keys are known by fingerprint only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from crm.services import keyring
from crm.uow import UnitOfWork

Key = tuple[str, str]
_KEEP = text(
    """
    insert into suppression (org_id, kind, fingerprint, erasure_id, at)
    select :org, f.kind, f.print, :erasure, :now
    from unnest(cast(:kinds as text[]), cast(:prints as text[])) as f(kind, print)
    on conflict (org_id, kind, fingerprint) do nothing
    """
)
_KNOWN = text("select fingerprint from suppression where org_id = :org and fingerprint = any(:prints)")
_ALLOW = text("delete from suppression where org_id = :org and fingerprint = any(:prints) returning id")


def keep(uow: UnitOfWork, keys: Sequence[Key], erasure_id: int) -> None:
    """Remember who must not come back."""
    key = keyring.key(uow, "suppression")
    args = {"org": uow.org_id, "now": uow.now, "erasure": erasure_id, "kinds": [kind for kind, _ in keys]}
    uow.session.execute(_KEEP, args | {"prints": [fingerprint(key, each) for each in keys]})


def among(uow: UnitOfWork, keys: Iterable[Key], *, listed: bool = True) -> set[Key]:
    """Those of the keys that belong to somebody who was erased on request and may not come back this way.

    Args: listed: they come from a list, or a colleague; else the customer came in person.
    """
    refused = ("lists", "all") if listed else ("all",)
    key = keyring.known(uow, "suppression") if uow.rules.keep.erased_again in refused else None
    if key is None:
        return set()
    prints = {fingerprint(key, each): each for each in keys}
    found = uow.session.scalars(_KNOWN, {"org": uow.org_id, "prints": list(prints)})
    return {prints[each] for each in found}


def allow(uow: UnitOfWork, keys: Iterable[Key]) -> int:
    """These may come back, because the customer did; returns how many of them had been kept out."""
    key = keyring.known(uow, "suppression")
    if key is None:
        return 0
    prints = [fingerprint(key, each) for each in keys]
    return len(uow.session.scalars(_ALLOW, {"org": uow.org_id, "prints": prints}).all())


def fingerprint(key: str, of: Key) -> str:
    """What stands for a phone, address or id."""
    kind, value = of
    return keyring.sign(key, f"{kind} {value.lower()}")
