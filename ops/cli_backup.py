"""`sluice backup` and `sluice restore`: everything to one file while all goes on, and back from it with a check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from crm.services import reerasing
from crm.settings import load
from crm.vault import VaultError
from ops import backup as backups
from ops import manifest
from ops import restore as restores
from ops.cli_frame import REFUSED, AsJson, address, err, open_database, say, sentences, words_of
from ops.errors import StartError
from ops.restore import Restored

NEXT = "Next: start sluice worker and sluice serve with the same SLUICE_SECRET_KEY, then run sluice doctor."


def register(app: typer.Typer) -> None:
    """Hang the two commands under `sluice`."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(file: Path, as_json: AsJson = False) -> None:
    """Write everything to a file, with a manifest beside it, while all goes on. It overwrites nothing."""
    with sentences():
        with err.status("Writing the backup ..."):
            made = backups.backup(address(load()), file)
        database = open_database()
        with database.session() as session:
            orgs = backups.organizations(session)
        for org_id in orgs:
            with database.begin(org_id) as uow:
                backups.note(uow, made)
    rows = sum(made.tables.values())
    words = f"{rows} rows of {len(made.tables)} tables are in {file}; {manifest.beside(file).name} belongs to it."
    say({"file": str(file), **made.model_dump()}, as_json, words)


def restore(
    file: Path,
    erased: Annotated[
        Path | None, typer.Option(help="The list of `sluice privacy list`: who was erased since is erased again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load a backup into an empty database, migrate it, erase again whoever was erased since, and check all of it."""
    with sentences():
        told = _list_of_erasures(erased) if erased else None
        with err.status("Restoring ..."):
            done = restores.restore(address(load()), file)
        again = _erase_again(told) if told else 0
    facts = {"rows": sum(done.made.tables.values()), "erased": again, "missing": done.missing, "broken": done.broken}
    say(facts | {"whole": done.whole}, as_json, f"{_told(done)} {again} customers were erased again. {NEXT}")
    raise typer.Exit(0 if done.whole else REFUSED)


def _list_of_erasures(file: Path) -> dict[str, Any]:
    """Read before anything is changed. Raises StartError."""
    try:
        told: dict[str, Any] = json.loads(words_of(file))
        return told | {"organization": int(told["organization"])}
    except (ValueError, KeyError, TypeError):
        raise StartError(f"{file} is no list of erasures: make one with sluice privacy list.") from None


def _erase_again(told: dict[str, Any]) -> int:
    try:
        with open_database().begin(told["organization"]) as uow:
            return reerasing.apply(uow, told)
    except (ValueError, KeyError, TypeError, VaultError) as exc:
        raise StartError(f"Restored, but the list of erasures cannot be used: {exc}.") from None


def _told(done: Restored) -> str:
    if done.whole:
        return f"{sum(done.made.tables.values())} rows are back, and all of them are consistent."
    wrong = [f"{name} lacks {count} rows" for name, count in done.missing.items()]
    wrong += [f"{count} times not true: {name}" for name, count in done.broken.items()]
    return f"Not whole: {'; '.join(wrong)}. Take another backup."
