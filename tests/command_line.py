"""`sluice ...` in this process: what it prints and how it ends, without a process of its own."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from sqlalchemy import text
from typer.main import get_command
from typer.testing import CliRunner, Result

from crm.db import Database
from ops.cli import app
from tests import build

# All commands and their options are worked out once, as in a process of its own, and not once a line that is typed.
typer.testing._get_command = cache(get_command)  # type: ignore[attr-defined]


def sluice(words: Sequence[str], *, given: str | bytes | None = None, env: Mapping[str, Any] | None = None) -> Result:
    """Run a command. Args: given: what comes on its standard input; env: variables beside those of this process."""
    return CliRunner().invoke(app, list(words), input=given, env=env)


def settle(patch: pytest.MonkeyPatch, folder: Path, url: str) -> None:
    """From now on commands keep their files in `folder` and work on that database."""
    patch.setenv("SLUICE_DATA_DIR", str(folder))
    patch.setenv("SLUICE_DATABASE_URL", url)
    patch.setenv("SLUICE_SECRET_KEY", build.SECRET)


def key_of(database: Database, acme: build.Company) -> str:
    """What `--org` takes."""
    with database.begin() as uow:
        return str(uow.session.scalar(text("select key from organization where id = :id"), {"id": acme.org_id}))
