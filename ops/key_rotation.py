"""A new key for the installation: column by column, organization by organization, each in a transaction of its own."""

from __future__ import annotations

from sqlalchemy import text

from crm.db import Database
from crm.services import audit, rotating
from crm.services.rotating import SEALED, Turned
from crm.vault import Vault

_ORGANIZATIONS = text("select id from organization order by id")


def rotate(database: Database, vault: Vault, *, dry: bool = False) -> dict[str, Turned]:
    """Seal all secrets with the newest key; what became of them, by column. Args: dry: only count them."""
    with database.begin() as uow:
        orgs = list(uow.session.scalars(_ORGANIZATIONS))
    done = {f"{one.table}.{one.column}": Turned() for one in SEALED}
    for org in (None, *orgs):
        for one in SEALED:
            if one.apart == (org is None):
                done[f"{one.table}.{one.column}"] += _turned(database, vault, one, org, dry=dry)
    for org in () if dry or not any(each.anew for each in done.values()) else orgs:
        with database.begin(org) as uow:
            audit.write(uow, "keys.rotated", by=None, data={name: each.anew for name, each in done.items()})
    return done


def _turned(database: Database, vault: Vault, one: rotating.Sealed, org: int | None, *, dry: bool) -> Turned:
    with database.begin(org) as uow:
        return rotating.turn(uow, vault, one, dry=dry)
