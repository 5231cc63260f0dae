"""Backups while all goes on: one snapshot of everything, and a manifest of what must be there after a restore."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session

from crm.services import audit
from crm.uow import UnitOfWork
from ops import manifest, migrate, pg_tools
from ops.errors import StartError
from ops.manifest import Manifest

MADE = "backup.made"
_TABLES = text("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1")
_OWNER = text(
    "select pg_get_userbyid(c.relowner) as owner, pg_has_role(c.relowner, 'usage') as ours"
    " from pg_class c where c.oid = to_regclass('public.organization')"
)


def backup(url: str, file: Path) -> Manifest:
    """Write all of the database to `file`, and its manifest beside it; a file that is there is never overwritten.

    Nobody waits: readers and writers go on. A file with a manifest is whole.

    Args: url: the owner's address. Raises: StartError.
    """
    part = _room(file)
    try:
        with _snapshot(url) as connection:
            owner = _owner(connection)
            known = MigrationContext.configure(connection).get_current_revision()
            major = int(connection.scalar(text("show server_version_num"))) // 10_000
            tables = count_rows(connection)
            dump = pg_tools.program("pg_dump", major=major)
            name = connection.scalar(text("select pg_export_snapshot()"))
            how = ["--format=custom", "--enable-row-security", f"--snapshot={name}", f"--file={part}"]
            pg_tools.run([dump, *how], url)
        made = Manifest(
            made_at=datetime.now(UTC).isoformat(), version=metadata.version("sluice"), revision=known or "",
            postgres=max(major, pg_tools.version_of(dump)), owner=owner, tables=tables, bytes=part.stat().st_size,
            sha256=manifest.checksum(part),
        )  # fmt: skip
        manifest.beside(file).write_text(made.model_dump_json(indent=1), encoding="utf-8")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return made


def organizations(session: Session) -> list[int]:
    return list(session.scalars(text("select id from organization order by id")))


def note(uow: UnitOfWork, made: Manifest) -> None:
    """In the audit of each organization, because everything that is known left the database."""
    audit.write(uow, MADE, by=None, data={"bytes": made.bytes, "sha256": made.sha256, "revision": made.revision})


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows of each table, as the connection sees them."""
    names = connection.scalars(_TABLES).all()
    return {name: int(connection.scalar(text(f'select count(*) from "{name}"')) or 0) for name in names}  # noqa: S608


def _room(file: Path) -> Path:
    """A new file for its owner alone, to be renamed when it is whole. Raises StartError."""
    for there in (file, manifest.beside(file)):
        if there.exists():
            raise StartError(f"{there} is there already; a backup overwrites nothing. Give another name.")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return part


def _owner(connection: Connection) -> str:
    """Who owns the tables. Others see nothing through the walls between tenants. Raises StartError."""
    found = connection.execute(_OWNER).one_or_none()
    if found is None or migrate.METADATA.tables.keys() - set(connection.scalars(_TABLES)):
        raise StartError("The database lacks this version's schema: run sluice migrate.")
    if not found.ours:
        raise StartError(f"A backup needs the owner: let SLUICE_DATABASE_URL name {found.owner} for this command.")
    return str(found.owner)


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
