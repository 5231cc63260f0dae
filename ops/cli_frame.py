"""What all subcommands share: one sentence instead of a trace, output for people and for scripts, the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from crm.db import APP_ROLE, Database
from crm.errors import Refusal
from crm.models import Organization
from crm.settings import Settings, SettingsError, load
from crm.sheets import SheetError
from crm.vault import Vault
from ops.data_lock import running
from ops.errors import StartError
from ops.sockets import ADDRESS_OF_DEMO, Sockets

out, err = Console(), Console(stderr=True)
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
Org = Annotated[str, typer.Option("--org", help="Key of the organization, where there are several.")]
REFUSED, WRONG_SET_UP = 1, 2
_opened: list[Database] = []


@contextmanager
def sentences() -> Iterator[None]:
    """What keeps Sluice from working is one sentence and an exit code, not a trace: 1 refused, 2 wrong set-up."""
    try:
        yield
    except (StartError, SettingsError, SheetError) as exc:
        fail(str(exc), WRONG_SET_UP)
    except Refusal as exc:
        fail(exc.message.format(**exc.data), REFUSED)
    except ArgumentError:
        fail("SLUICE_DATABASE_URL is wrong: write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE.", WRONG_SET_UP)
    except DBAPIError as exc:
        fail(_of_database(exc), WRONG_SET_UP)
    except FileNotFoundError as exc:
        fail(f"There is no file {exc.filename}.", WRONG_SET_UP)
    except OSError as exc:
        fail(f"{exc.filename or 'This'} cannot be used: {exc.strerror or exc}.", WRONG_SET_UP)
    finally:
        while _opened:
            _opened.pop().close()


def _of_database(failure: DBAPIError) -> str:
    """Away, or without our schema. Raises the failure where it is neither, which is a mistake of ours."""
    first = str(failure.orig).strip().splitlines()[0]
    if isinstance(failure.orig, UndefinedTable | UndefinedColumn | UndefinedFunction) or APP_ROLE in first:
        return "The database lacks this version's schema: run sluice migrate."
    if not isinstance(failure, OperationalError):
        raise failure
    return f"The database cannot be reached: {first}"


def fail(sentence: str, code: int) -> None:
    """Say why and leave."""
    err.print(sentence, style="red", highlight=False, soft_wrap=True, markup=False)
    raise typer.Exit(code) from None


def say(data: Any, as_json: bool, words: str) -> None:
    """The result, for a script or for a person."""
    if as_json:
        print(json.dumps(data, ensure_ascii=False, default=str))  # noqa: T201
    else:
        out.print(words, highlight=False, soft_wrap=True, markup=False)


def words_of(file: Path) -> str:
    """What is written in a file. Raises StartError."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeError:
        raise StartError(f"{file} is no text in UTF-8.") from None


def address(settings: Settings) -> str:
    """The database's address, or that of the demo running in the data folder. Raises SettingsError."""
    demo = beside(settings)
    if not settings.database_url and demo is None:
        raise SettingsError(
            f"SLUICE_DATABASE_URL is missing, and no demo is running in the data folder {settings.data_dir.resolve()}"
            " (SLUICE_DATA_DIR names another)."
        )
    return demo.database_url if demo else settings.database_url


def beside(settings: Settings) -> Sockets | None:
    """The engines of the demo that is running in the data folder, where no other database is named."""
    return None if settings.database_url else running(settings.data_dir)


def open_database() -> Database:
    """A small pool with patience, for tools; `sentences` closes it at the end of the command."""
    settings = load()
    made = Database(address(settings), pool_size=4, statement_timeout_ms=60_000, vault=found_vault(settings), via="cli")
    _opened.append(made)
    return _opened[-1]


def vault(settings: Settings | None = None) -> Vault:
    """The vault of this installation. Raises SettingsError."""
    found = found_vault(settings or load())
    if found is None:
        raise SettingsError("SLUICE_SECRET_KEY is missing or too short: at least 16 random characters.")
    return found


def public_url(settings: Settings) -> str:
    """Where people reach the web process: of the demo in the data folder, that which it wrote down at its start."""
    file = settings.data_dir / ADDRESS_OF_DEMO
    if settings.base_url or beside(settings) is None or not file.exists():
        return settings.public_url
    return file.read_text(encoding="utf-8").strip()


def found_vault(settings: Settings) -> Vault | None:
    """The same, or None: many a command needs no key."""
    key = settings.secret_key.get_secret_value() or _key_of_demo(settings)
    return Vault(key) if len(key) >= 16 else None


def _key_of_demo(settings: Settings) -> str:
    """A demo that once ran in this folder says nothing about a database that is named."""
    file = settings.data_dir / "secret.key"
    return file.read_text() if not settings.database_url and file.exists() else ""


def organization(database: Database, key: str) -> int:
    """The organization with that key, or the only one. Raises StartError."""
    with database.begin() as uow:
        rows = uow.session.execute(select(Organization.id, Organization.key).order_by(Organization.id)).all()
    chosen = [row for row in rows if row.key == key] if key else list(rows)
    if len(chosen) == 1:
        return int(chosen[0].id)
    names = ", ".join(row.key for row in rows) or "none yet; make one with: sluice init company.yaml"
    raise StartError(f"Say which organization with --org. There are: {names}")
