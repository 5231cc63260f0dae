"""`sluice rewind`: the runs of the last day, and one of them taken back as a whole."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated

import typer

from crm.errors_of_waiting import RunNotFound
from crm.services import members, rewinding
from crm.services.rewinding import RunView
from ops.cli_frame import WRONG_SET_UP, AsJson, Org, fail, open_database, organization, say, sentences

_RUN = re.compile(r"(?:[Rr]-)?(\d{1,12})")


def register(app: typer.Typer) -> None:
    """Hang the command under `sluice`."""
    app.command("rewind")(rewind)


def rewind(
    run: Annotated[str, typer.Argument(help="Which one, such as R-12; without it all are listed.")] = "",
    by: Annotated[str, typer.Option(help="In whose name: a manager or admin, who is told what came of it.")] = "",
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Runs of the last 24 hours: recycled, dispatched, dealt, handed over, imported, changed by a filter."""
    if run and not by:
        fail("Say in whose name with --by NAME: a manager or an admin.", WRONG_SET_UP)
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            if not run:
                found = rewinding.recent(uow)
                rows = [asdict(each) for each in found]
                say(rows, as_json, "\n".join(map(_line, found)) or "There was none.")
                return
            rewinding.rewind(uow, actor=members.find(uow, by), run_id=_number(run))
        say({"run": _number(run)}, as_json, f"R-{_number(run)} is being taken back; {by} will be told what came of it.")


def _number(said: str) -> int:
    """Raises RunNotFound."""
    found = _RUN.fullmatch(said.strip())
    if found is None:
        raise RunNotFound(given=said)
    return int(found[1])


def _line(run: RunView) -> str:
    back = f"  taken back {run.rewound_at:%Y-%m-%d %H:%M} UTC" if run.rewound_at else ""
    return f"{f'R-{run.id}':>8}  {run.at:%Y-%m-%d %H:%M} UTC  {run.kind:<12} {run.moved:>6} leads{back}"
