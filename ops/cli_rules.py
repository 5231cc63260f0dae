"""`sluice rules`: look at the rule set, check a new one, put it in force, go back."""

from __future__ import annotations

from pathlib import Path

import typer

from crm.services import rules_admin
from ops.cli_frame import AsJson, Org, open_database, organization, out, say, sentences, words_of

app = typer.Typer(no_args_is_help=True, help="The versioned rule set.")


@app.command()
def show(org: Org = "") -> None:
    """The rules in force, as written."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            say(None, False, rules_admin.present(uow) or "# The built-in rules are in force.")


@app.command()
def check(file: Path, org: Org = "") -> None:
    """Whether a rule set can be read, and all that it names is there."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rules_admin.check(uow, words_of(file))
        out.print("The rule set is fine.")


@app.command()
def diff(file: Path, org: Org = "") -> None:
    """What a file would change."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            lines = rules_admin.diff(uow, words_of(file))
        say(None, False, "\n".join(lines) or "Nothing would change.")


@app.command()
def apply(file: Path, org: Org = "") -> None:
    """Put a rule set in force; the clocks of owned leads follow in the background."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            version = rules_admin.apply(uow, written=words_of(file))
        out.print(f"Version {version} is in force.")


@app.command()
def history(org: Org = "", as_json: AsJson = False) -> None:
    """The versions there were, newest first."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            found = rules_admin.history(uow)
        rows = [{"version": each.version, "at": each.created_at.isoformat(), "by": each.by} for each in found]
        say(
            rows,
            as_json,
            "\n".join(f"{row['version']:>4}  {row['at']}  {row['by'] or ''}" for row in rows) or "None yet.",
        )


@app.command()
def rollback(version: int, org: Org = "") -> None:
    """Put a former version in force again, as a new one."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            made = rules_admin.rollback(uow, version=version)
        out.print(f"Version {version} is in force again, as version {made}.")
