"""What is running: the version and the schema it was written for, by which a process names itself to PostgreSQL."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path

from sqlalchemy import make_url

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
