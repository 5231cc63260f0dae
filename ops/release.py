"""What is running: the version and the schema it was written for, by which a process names itself to PostgreSQL."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

from psycopg.errors import UndefinedTable
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm.db import APP_ROLE, Database
from ops.errors import StartError

NAME = "sluice"
_VERSIONS = Path(__file__).parent / "migrations" / "versions"


@cache
def release() -> str:
    """Such as `0.1.0/0021`; told by the names of files, because processes that migrate nothing need no Alembic."""
    return f"{metadata.version(NAME)}/{max(path.name[:4] for path in _VERSIONS.glob('0*.py'))}"


def signed(url: str) -> str:
    """The address of a database, whose connections then bear our signature."""
    return make_url(url).update_query_dict({"application_name": signature()}).render_as_string(hide_password=False)


def signature() -> str:
    """How a web or worker process appears among the connections of the database."""
    return f"{NAME} {release()}"


def check_schema(database: Database) -> None:
    """Raises StartError, and hangs up, where the schema is older than this version; a newer one is the next release's.

    While the database is away nobody can tell.
    """
    try:
        present = _schema_of(database)
    except (DBAPIError, PoolTimeout):
        return
    needed = release().partition("/")[2]
    if present < needed:
        database.close()
        raise StartError(
            f"The database has {f'schema {present}' if present else 'no schema'}, and this version needs {needed}: "
            "run sluice migrate."
        )


def _schema_of(database: Database) -> str:
    """Such as 0021; empty where there is none. Raises DBAPIError."""
    try:
        with database.session() as session:
            return str(session.scalar(text("select max(version_num) from alembic_version")) or "")
    except DBAPIError as exc:
        if isinstance(exc.orig, UndefinedTable) or APP_ROLE in str(exc.orig):
            return ""
        raise
