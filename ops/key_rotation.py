"""A new key for the installation: organization by organization, each in a transaction of its own."""

from __future__ import annotations

from sqlalchemy import text

from crm.db import Database
from crm.services import audit, rotating
from crm.services.rotating import SEALED, Sealed, Turned
from crm.vault import Vault

_ORGANIZATIONS = text("select id from organization order by id")


def rotate(database: Database, vault: Vault, *, dry: bool = False) -> dict[str, Turned]:
    """Seal all secrets with the newest key; what became of them, by column. Args: dry: only count them."""
    with database.begin() as uow:
        orgs = list(uow.session.scalars(_ORGANIZATIONS))
    done = {_name(one): Turned() for one in SEALED}
    for org in (None, *orgs):
        for name, turned in _turned(database, vault, org, dry=dry).items():
            done[name] += turned
    return done


def _turned(database: Database, vault: Vault, org: int | None, *, dry: bool) -> dict[str, Turned]:
    """What is sealed for one organization, or for none."""
    with database.begin(org) as uow:
        done = {
            _name(one): rotating.turn(uow, vault, one, dry=dry) for one in SEALED if one.apart == (org is None)
        }  # fmt: skip
        if org and not dry and any(each.anew for each in done.values()):
            audit.write(
                uow, "keys.rotated", by=None, data={name: each.anew for name, each in done.items() if each.anew}
            )
    return done


def _name(one: Sealed) -> str:
    return f"{one.table}.{one.column}"
