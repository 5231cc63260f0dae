"""`sluice members`: who works here; people in and out by file, and those who leave or are back."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy import text

from crm import sheets
from crm.rules.inert import inert
from crm.services import leaving, people_file
from crm.services import members as known
from crm.services.people_file import Report
from ops.cli_frame import REFUSED, AsJson, Org, open_database, organization, out, say, sentences
from ops.cli_table import show

app = typer.Typer(invoke_without_command=True, help="Who is in the organization; people by file.")

_MEMBERS = text(
    """
    select m.name, m.email, m.role, d.name as team, m.active, m.on_duty,
           (select string_agg(distinct w.platform, ', ') from chat_identity c join workspace w on w.id = c.workspace_id
             where c.org_id = m.org_id and c.member_id = m.id) as chats
    from member m left join department d on d.org_id = m.org_id and d.id = m.department_id
    where m.org_id = :org order by d.path nulls first, m.role, m.name
    """
)


class _Preview(Exception):
    """Nothing of the transaction shall stay."""


@app.callback()
def members(context: typer.Context, org: Org = "", as_json: AsJson = False) -> None:
    """Who is in the organization, and in which chats they are known."""
    if context.invoked_subcommand is not None:
        return
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rows = [dict(row) for row in uow.session.execute(_MEMBERS, {"org": uow.org_id}).mappings()]
        told = (
            (row["name"], row["role"], row["team"] or "", "yes" if row["on_duty"] else "no", row["chats"] or "none")
            for row in rows
        )
        if as_json:
            say(rows, as_json, "")
        else:
            columns = ("name", "role", "team", "on duty", "chats")
            show(columns, ([escape(word) for word in row] for row in told), whole="name")


@app.command("import")
def import_people(
    file: Path,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it, only say what would be done.")] = False,
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Take in people from a CSV or spreadsheet file: departments as paths, role, manager, e-mail, chat ids."""
    with sentences():
        database = open_database()
        report = Report()
        with file.open("rb") as stream:
            sheet = sheets.read(stream)
            try:
                with database.begin(organization(database, org)) as uow:
                    report = people_file.take(uow, sheet.header, sheet.rows)
                    if not apply:
                        raise _Preview
            except _Preview:
                pass
        left_out = _write_rejected(file, sheet.header, report) if report.rejected else None
        say({**asdict(report), "applied": apply, "rejected_file": left_out}, as_json, _told(report, left_out, apply))
    raise typer.Exit(REFUSED if report.rejected else 0)


@app.command("export")
def export_people(file: Path, org: Org = "") -> None:
    """Write everybody who is here to a CSV file that can be taken in again; no cell of it can run."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rows = people_file.rows(uow)
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows([inert(cell) for cell in row] for row in rows)
        out.print(f"{len(rows) - 1} people written to {file}.", highlight=False)


@app.command("left")
def member_left(name: str, org: Org = "") -> None:
    """Somebody has left: signed off at once; the managers are asked in chat who takes over."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            who = known.find(uow, name)
            found = leaving.let_go(uow, who)
            until = f" The clocks stand until the hand-over, at the latest until {found.due_at}." if found else ""
        out.print(f"{who.name} is signed off.{until}", highlight=False, soft_wrap=True)


@app.command("back")
def member_back(name: str, org: Org = "") -> None:
    """Somebody who had left is here again; the managers are asked in chat what is given back."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            who = known.find(uow, name)
            leaving.tell_back(uow, who.id, leaving.is_back(uow, who.id))
        out.print(f"{who.name} is here, off duty.", highlight=False)


def _told(report: Report, left_out: str | None, apply: bool) -> str:
    lines = [f"New: {', '.join(report.made)}."] if report.made else []
    lines += [f"{name}: {', '.join(what)}." for name, what in report.changed.items()]
    lines += [f"New teams: {', '.join(report.teams)}."] if report.teams else []
    lines += [f"Line {line}: {why}" for line, _cells, why in report.rejected[:20]]
    figures = f"{len(report.made)} new, {len(report.changed)} changed, {report.same} as they are"
    figures += f", {len(report.rejected)} rejected (see {left_out})" if left_out else ""
    return "\n".join([*lines, f"{figures}.", *([] if apply else ["Nothing was written. To do it, add --apply."])])


def _write_rejected(file: Path, header: list[str], report: Report) -> str:
    """The rows that were left out, each with its reason, as a file to be corrected."""
    path = file.with_name(f"{file.stem}.rejected.csv")
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*map(inert, header), "line", "reason"])
        for line, cells, why in report.rejected:
            padded = [*map(inert, cells), *[""] * (len(header) - len(cells))]
            writer.writerow([*padded, str(line), inert(why)])
    return str(path)
