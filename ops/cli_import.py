"""`sluice import`: look at a file first, say what its columns mean, take it in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from crm.db import Database
from crm.services import import_undo
from crm.sheets import SheetError
from ops import import_file, import_preview
from ops.cli_frame import REFUSED, AsJson, Org, open_database, organization, out, say, sentences
from ops.cli_table import show
from ops.import_file import Report
from ops.import_plan import Wanted
from ops.import_preview import Preview

BAD_MAP = (
    "--map takes a column and a field, such as --map “Mobile no=phone”; without a field it is kept beside the lead."
)
NOTHING_TO_UNDO = "No file called {name} was taken in within the last 24 hours."
WATCHING = {
    "": "",
    "ended": "\nThe engine only watched because of this import: that has ended too, sluice shadow tells more.",
    "on": "\nThe engine still only watches and takes nothing back: sluice shadow --live lets it go.",
}
MOST_UNKNOWN = 10
BAD_STRANGERS = "--strangers is reject or pool."


def import_leads(  # noqa: PLR0913, PLR0917  (one option each)
    file: Path,
    source: Annotated[str, typer.Option(help="Key of the source whose leads these are.")] = "",
    owners: Annotated[bool, typer.Option(help="A column of names or e-mails says who owns each lead.")] = False,
    strangers: Annotated[str, typer.Option(help="Rows whose owner is nobody here: reject, or pool.")] = "reject",
    strict: Annotated[bool, typer.Option("--strict", help="Reject rows with a value that its list lacks.")] = False,
    columns: Annotated[list[str] | None, typer.Option("--map", help="“Column=field”; may be given often.")] = None,
    mapping: Annotated[str, typer.Option(help="A saved mapping, or a YAML file with one.")] = "",
    save_mapping: Annotated[str, typer.Option(help="Keep what the columns mean under this name.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be done, and do nothing.")] = False,
    switch_over: Annotated[
        bool, typer.Option("--switch-over", help="Take over owners, stages, dates and history from another system.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last import of this file back, within a day.")] = False,
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Take in leads from a CSV or spreadsheet file; safe to break off and to run twice."""
    with sentences():
        wanted = Wanted(
            source or None, owners, _strangers(strangers), _columns(columns or []), mapping or None, switch_over, strict
        )
        database = open_database()
        chosen = organization(database, org)
        if undo:
            _take_back(database, chosen, file, as_json=as_json)
            return
        if save_mapping:
            import_file.save_mapping(database, file, org=chosen, wanted=wanted, name=save_mapping)
        if preview:
            found = import_preview.look(database, file, org=chosen, wanted=wanted)
            _show(found, as_json=as_json)
            return
        report = import_file.import_with_bar(database, file, org=chosen, wanted=wanted)
        say(asdict(report), as_json, "\n".join([_told(report), *_after(report, switch_over=switch_over)]))
    raise typer.Exit(REFUSED if report.rejected else 0)


def _take_back(database: Database, org: int, file: Path, *, as_json: bool) -> None:
    """Raises SheetError."""
    with database.begin(org) as uow:
        run = import_undo.mark_newest(uow, name=file.name)
    if run is None:
        raise SheetError(NOTHING_TO_UNDO.format(name=file.name))
    found = import_undo.take_back(database, org_id=org, run_id=run, by_id=None)
    words = f"{len(found.back)} leads and {found.persons} persons are gone again."
    if found.kept:
        words += f" {len(found.kept)} leads stay: somebody has worked on them, or the customer came in again."
    words += WATCHING[found.watching]
    data = {
        "run": run, "back": len(found.back), "kept": len(found.kept), "persons": found.persons,
        "watching": found.watching == "on",
    }  # fmt: skip
    say(data, as_json, words)


def _columns(given: list[str]) -> dict[str, str]:
    """Raises SheetError."""
    if any("=" not in one for one in given):
        raise SheetError(BAD_MAP)
    return {heading.strip(): name.strip() for heading, _sign, name in (one.rpartition("=") for one in given)}


def _strangers(given: str) -> str:
    """Raises SheetError."""
    if given not in ("reject", "pool"):
        raise SheetError(BAD_STRANGERS)
    return given


def _told(report: Report) -> str:
    words = f"{report.created} new, {report.touched} known, {report.repeated} taken in before, "
    words += f"{report.rejected} rejected"
    if report.finished_before:
        words = f"This file was taken in before, so nothing was done. Then: {words}"
    if report.rejected_file:
        words += f" (see {report.rejected_file})"
    return words + "."


def _after(report: Report, *, switch_over: bool) -> Iterator[str]:
    """What a switch-over leaves to do."""
    if report.strangers:
        names = ", ".join(f"{name} ({rows})" for name, rows in sorted(report.strangers.items()))
        yield f"These owners are nobody here, so their leads lie in the pool: {names}."
    if report.unknown:
        most = sorted(report.unknown.items(), key=lambda each: -each[1])[:MOST_UNKNOWN]
        names = ", ".join(f"{words} ({rows})" for words, rows in most)
        yield f"No list knows these, they are kept as written: {names}. sluice lists merge makes them one with a value."
    for one in report.over_capacity:
        yield f"{one['name']} holds {one['holding']} leads, {one['holding'] - one['cap']} more than allowed."
    if switch_over:
        yield "The engine only watches now and takes nothing back: sluice shadow tells what it would do, and"
        yield "sluice shadow --live lets it go."


def _show(found: Preview, *, as_json: bool) -> None:
    if as_json:
        say(asdict(found), as_json, "")
        return
    rows = (
        (escape(column.heading), column.field or "[dim]kept beside the lead[/dim]", escape(column.example))
        for column in found.columns
    )
    show(("column", "is taken for", "for example"), rows, whole="column")
    used = f" by the mapping {found.mapping}" if found.mapping else ""
    out.print(f"About {found.rows} rows{used}. Of the first {found.looked_at}: {found.usable} can be taken in,")
    out.print(f"{found.known} of them known already, {found.rejected} rejected.", highlight=False)
    for line in found.problems:
        out.print(f"  {line}", highlight=False, markup=False)
