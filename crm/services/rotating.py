"""A new key for the installation: whatever is sealed in the database is sealed anew with it, while all goes on.

Done twice it changes nothing more; what is already sealed with the newest key is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from crm.uow import UnitOfWork
from crm.vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of secrets, and by what its rows are told apart. `apart`: its rows belong to no organization alone."""

    table: str
    column: str
    key: tuple[str, ...] = ("org_id", "id")
    apart: bool = False


# Every one of them: a test compares this with the tables.
SEALED = (
    Sealed("workspace", "secrets", ("id",), apart=True),
    Sealed("platform_token", "value", ("workspace_id", "key"), apart=True),
    Sealed("source", "secret"),
    Sealed("source", "old_secret"),
    Sealed("source", "vendor"),
    Sealed("calendar_feed", "token"),
    Sealed("sealed_key", "sealed"),
    Sealed("hook", "secret"),
    Sealed("hook", "old_secret"),
)


@dataclass(frozen=True, slots=True)
class Turned:
    """What became of a column's secrets: sealed `anew`, or not readable with any key."""

    anew: int = 0
    lost: int = 0

    def __add__(self, other: Turned) -> Turned:
        return Turned(self.anew + other.anew, self.lost + other.lost)


def turn(uow: UnitOfWork, vault: Vault, one: Sealed, *, dry: bool = False) -> Turned:
    """Seal a column's secrets anew where they are sealed with a former key; `dry` only counts them."""
    rows = uow.session.execute(text(_reading(one)), {"org": uow.org_id}).all()
    anew = lost = 0
    for row in rows:
        was = bytes(row.sealed)
        if vault.is_newest(was):
            continue
        try:
            fresh = vault.seal_anew(was)
        except VaultError:
            lost += 1
            continue
        anew += 1
        if not dry:
            _write(uow, one, dict(zip(one.key, row[:-1], strict=True)), was, fresh)
    return Turned(anew, lost)


def _reading(one: Sealed) -> str:
    whose = "" if one.apart else "org_id = :org and "
    names = ", ".join(one.key)
    return (
        f"select {names}, {one.column} as sealed from {one.table}"  # noqa: S608  (names of ours)
        f" where {whose}{one.column} is not null order by {names}"
    )


def _write(uow: UnitOfWork, one: Sealed, key: dict[str, object], was: bytes, fresh: bytes) -> None:
    """Unless somebody has given a new secret meanwhile."""
    found = " and ".join(f"{name} = :{name}" for name in key)
    statement = f"update {one.table} set {one.column} = :fresh where {found} and {one.column} = :was"  # noqa: S608
    uow.session.execute(text(statement), key | {"fresh": fresh, "was": was})
