"""Subcommands about a company's data: init, import, digest, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from crm.services import digests, teams
from crm.settings import load
from crm.uow import UnitOfWork
from ops import cli_import, cli_members, cli_shadow
from ops import doctor as checks
from ops.cli_frame import REFUSED, AsJson, Org, open_database, organization, out, say, sentences, vault
from ops.errors import StartError
from ops.export_file import export_decisions, export_file
from ops.init_company import load_file


def register(app: typer.Typer) -> None:
    """Hang these commands under `sluice`."""
    app.command("init")(init)
    app.add_typer(cli_members.app, name="members")
    app.command("import")(cli_import.import_leads)
    app.command("shadow")(cli_shadow.shadow)
    app.command("export")(export_leads)
    app.command("digest")(digest)
    app.command("doctor")(doctor)


def init(file: Path) -> None:
    """Set up an organization from a company file; running it twice changes nothing."""
    with sentences():
        done = load_file(open_database(), vault(), file)
        added = ", ".join(f"{count} {name}" for name, count in done.added.items() if count) or "nothing"
        out.print(f"Added: {added}.", highlight=False)
        for source, key in done.keys.items():
            out.print(f"Key of {source} (shown this once): {key}", highlight=False, soft_wrap=True)


def export_leads(
    file: Path,
    decisions: Annotated[bool, typer.Option("--decisions", help="What the engine decided, and why.")] = False,
    period: Annotated[str, typer.Option(help="Of decisions: week, 30d, 2026-10.")] = "30d",
    org: Org = "",
) -> None:
    """Write all leads to a CSV file, or a workbook where the name ends in .xlsx; no cell of it can run."""
    with sentences():
        database = open_database()
        chosen = organization(database, org)
        if decisions:
            told = f"{export_decisions(database, file, org=chosen, period=period)} decisions"
        else:
            told = f"{export_file(database, file, org=chosen)} leads"
        out.print(f"{told} written to {file}.", highlight=False)


def digest(
    team: Annotated[str, typer.Option(help="Key or name of the team; without it the whole organization.")] = "",
    now: Annotated[bool, typer.Option("--now", help="Send it to the team's groups at once.")] = False,
    org: Org = "",
) -> None:
    """Show a team's digest of today, or send it now."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            department = _department(uow, team) if team else None
            if now:
                out.print(f"Owed to {digests.send_now(uow, department)} groups.")
                return
            facts = digests.build(uow, department, uow.now.date())
            total = facts.total.now
            steps = f"{total.entered} entered, {total.contacted} contacted, {total.won} won, {total.lost} lost"
            say(None, False, f"{facts.name}: {steps}.")


def _department(uow: UnitOfWork, words: str) -> int:
    """The team of that key, or of the name that cards show. Raises StartError naming those there are."""
    found = teams.every(uow)
    meant = [each for each in found if words == each.key] or [
        each for each in found if words.strip().lower() in (each.name.lower(), each.key.lower())
    ]
    if len(meant) != 1:
        there = ", ".join(f"{each.key} ({each.name})" for each in meant or found)
        raise StartError(f"There {'are several teams' if meant else 'is no team'} {words}. There are: {there}")
    return meant[0].id


def doctor(as_json: AsJson = False) -> None:
    """Look for the likely mistakes of a set-up, and say the cure of each."""
    with sentences():
        findings = checks.examine(load())
    if as_json:
        say([{"check": each.name, "ok": each.ok, "cure": each.cure} for each in findings], as_json, "")
    else:
        for each in findings:
            mark = "[green]✓[/green]" if each.ok else "[red]✗[/red]"
            told = escape(each.name if each.ok else f"{each.name}: {each.cure}")
            out.print(f"{mark} {told}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(each.ok for each in findings) else REFUSED)
