"""Bringing a backup back into an empty database: checked before, migrated, and checked afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from crm.db import APP_ROLE
from ops import invariants, manifest, migrate, pg_tools
from ops.backup import count_rows
from ops.errors import StartError
from ops.manifest import Manifest

_TABLES = text("select count(*) from pg_class where relkind in ('r', 'v') and relnamespace = 'public'::regnamespace")
_POLICIES = text("select tablename from pg_policies where schemaname = 'public' and policyname = 'owner_all'")
_RIGHTS = (
    f"alter default privileges in schema public grant select, insert, update, delete on tables to {APP_ROLE}",
    f"alter default privileges in schema public grant usage, select on sequences to {APP_ROLE}",
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was found afterwards. `missing`: by table, how many rows fewer (or, below zero, more) than were saved."""

    made: Manifest
    missing: dict[str, int]
    broken: dict[str, int]

    @property
    def whole(self) -> bool:
        return not self.missing and not self.broken


def restore(url: str, file: Path) -> Restored:
    """Load a backup into the empty database of that address, and migrate it to this version's schema.

    Args: url: its owner's address. Raises: StartError, before anything was changed where the backup cannot be used.
    """
    made = manifest.read(file)
    if made.revision not in {
        script.revision for script in ScriptDirectory.from_config(migrate.config()).walk_revisions()
    }:
        raise StartError(f"The backup was made by a newer Sluice ({made.version}): upgrade first, then restore.")
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            major = _prepare(connection, made)
        tool = pg_tools.program("pg_restore", major=max(major, made.postgres))
        argv: list[str | Path] = [tool, "--no-owner", "--no-comments", "--exit-on-error", "--single-transaction", file]
        pg_tools.run(argv, url)
        with engine.begin() as connection:
            _own(connection)
            there = count_rows(connection)
        migrate.upgrade(url)
        with engine.begin() as connection:
            broken = invariants.broken(connection)
    finally:
        engine.dispose()
    missing = {name: count - there.get(name, 0) for name, count in made.tables.items() if count != there.get(name, 0)}
    return Restored(made, missing, broken)


def _prepare(connection: Connection, made: Manifest) -> int:
    """Check that there is room, and make the role that the dump gives rights to; returns the server's version."""
    if connection.scalar(_TABLES):
        raise StartError("The database is not empty; a backup is restored into an empty one (createdb, as above).")
    known = connection.scalars(text("select rolname from pg_roles")).all()
    if made.owner not in known:
        raise StartError(
            f"The tables belonged to {made.owner}; make that role first: create role {made.owner} nologin."
        )
    if APP_ROLE not in known:
        connection.execute(text(f"create role {APP_ROLE} nologin nobypassrls"))
    connection.execute(text(f"grant {APP_ROLE} to current_user"))
    return int(connection.scalar(text("show server_version_num"))) // 10_000


def _own(connection: Connection) -> None:
    """Who restored is the owner now, also where the policies named another."""
    for table in connection.scalars(_POLICIES).all():
        connection.execute(text(f'alter policy owner_all on "{table}" to current_user'))
    for statement in _RIGHTS:
        connection.execute(text(statement))
