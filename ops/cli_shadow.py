"""`sluice shadow`: what the engine would take back if it ran, and the word that lets it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crm.rules.inert import inert
from crm.services import shadowing
from crm.services.shadowing import Losing, Shadow
from crm.uow import UnitOfWork
from ops.cli_frame import AsJson, Org, open_database, organization, say, sentences


def shadow(
    begin: Annotated[bool, typer.Option("--begin", help="From now on the engine only watches.")] = False,
    live: Annotated[bool, typer.Option("--live", help="Let the engine take leads back, from tomorrow on.")] = False,
    file: Annotated[
        Path | None, typer.Option("--list", help="Write every lead that would go to this CSV file.")
    ] = None,
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Who would lose which leads at the first run, by rep and by rule; while the engine only watches, nobody does."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            if begin:
                shadowing.begin(uow)
            if live:
                shadowing.go_live(uow)
            running, found = shadowing.running(uow), shadowing.losing(uow)
            data = {"watching": running is not None, "losing": [asdict(one) for one in found]}
            lines = list(_told(running, found))
            if file:
                lines.append(f"{_written(uow, file)} leads written to {file}.")
            say(data, as_json, "\n".join(lines))


def _told(running: Shadow | None, found: list[Losing]) -> Iterator[str]:
    if running:
        yield f"The engine only watches since {running.began_at:%Y-%m-%d %H:%M} UTC ({running.why})."
    else:
        yield "The engine takes leads back."
    yield f"{'':<40} {'now':>7} {'a day':>7} {'a week':>7}"
    for one in found:
        yield f"{f'{one.name}: {one.rule}':<40} {one.now:>7} {one.day:>7} {one.week:>7}"
    now, day, week = (sum(getattr(one, name) for one in found) for name in ("now", "day", "week"))
    yield f"{'all':<40} {now:>7} {day:>7} {week:>7}"


def _written(uow: UnitOfWork, file: Path) -> int:
    """Every lead that would go within a week; returns how many. Raises OSError."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["lead", "owner", "rule", "goes at (UTC)"])
        rows = [[due.ref, inert(due.owner), inert(due.rule), due.at.isoformat()] for due in shadowing.leads(uow)]
        writer.writerows(rows)
    return len(rows)
