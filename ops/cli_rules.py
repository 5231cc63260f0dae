"""`sluice rules`: look at the rule set, check and rehearse a new one, put it in force, go back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.cards import rulebook
from bot.cards.words import Words
from crm.rules.changes import changes
from crm.rules.ruleset import parse
from crm.rules.schema import schema as rules_schema
from crm.services import members, rehearsing, rules_admin
from crm.services.rehearsing import Rehearsal
from crm.uow import UnitOfWork
from ops.cli_frame import AsJson, Org, open_database, organization, out, say, sentences, words_of

MOST = 20  # rows of each kind

app = typer.Typer(no_args_is_help=True, help="The versioned rule set.")


@app.command()
def show(org: Org = "", as_json: AsJson = False) -> None:
    """The rules in force, as written; as JSON with all defaults."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            data = uow.rules.model_dump(mode="json", by_alias=True)
            say(data, as_json, rules_admin.present(uow) or "# The built-in rules are in force.")


@app.command()
def check(file: Path, org: Org = "") -> None:
    """Whether a rule set can be read, and all that it names is there."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rules_admin.check(uow, words_of(file))
        out.print("The rule set is fine.")


@app.command()
def schema() -> None:
    """The JSON schema of rule sets, for editors."""
    print(json.dumps(rules_schema(), ensure_ascii=False, indent=1))  # noqa: T201


@app.command()
def diff(file: Path, org: Org = "", as_json: AsJson = False) -> None:
    """What a file would change."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            written = words_of(file)
            lines = rules_admin.diff(uow, written)
            found = [one._asdict() for one in changes(uow.rules, parse(written))]
        say(found, as_json, "\n".join(lines) or "Nothing would change.")


@app.command()
def rehearse(
    file: Annotated[Path | None, typer.Argument(help="A rule set; without it those in force.")] = None,
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """What a rule set would do: which leads would go back, who would have been dealt how many. Nothing is changed."""
    with sentences():
        database = open_database()
        begin = partial(database.begin, organization(database, org))
        with begin() as uow:
            written = words_of(file) if file else rules_admin.present(uow)
        found = rehearsing.at_once(begin, written=written)
        with begin() as uow:
            say(found.result, as_json, "\n".join(_told(uow, found)))


def _told(uow: UnitOfWork, found: Rehearsal) -> Iterator[str]:
    """The result as a table, in English and UTC."""
    words = Words("en", ZoneInfo("UTC"), uow.now)
    told = rulebook.outcome(words, found, lambda member: members.get(uow, member).name, most=MOST)
    yield from (f"{line.label:<40} {line.value}" for line in told.changes)
    yield from (f"{line.label:<40} {line.value}" for line in told.figures)
    yield from (f"  {line.label:<38} {line.value}" for line in (*told.owners, *told.dealt))
    yield from told.notes
    if told.losing:
        yield f"They would go: {', '.join(told.losing)}"


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
