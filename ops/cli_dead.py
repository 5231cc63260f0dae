"""`sluice dead`: what could not be done, tried again or dropped; one by its number, or all of a topic or cause."""

from __future__ import annotations

from typing import Annotated

import typer

from crm.db import Database
from crm.services import dead_letters
from crm.services.dead_letters import CHUNK, Letter, Which
from ops.cli_frame import WRONG_SET_UP, AsJson, Org, fail, open_database, organization, say, sentences

ALL = "all"


def register(app: typer.Typer) -> None:
    """Hang the command under `sluice`."""
    app.command("dead")(dead)


def dead(
    retry: Annotated[str, typer.Option(help="A number, or all: do it again, now that the cause is mended.")] = "",
    drop: Annotated[str, typer.Option(help="A number, or all: nobody needs it any more.")] = "",
    topic: Annotated[str, typer.Option(help="Only of this topic.")] = "",
    cause: Annotated[str, typer.Option(help="Only with this cause.")] = "",
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Messages that could not be sent, calls of hooks (c1) and leads that could not be fetched (f1), with the cause."""
    if retry and drop:
        fail("Say --retry or --drop, not both.", WRONG_SET_UP)
    with sentences():
        database = open_database()
        chosen, which = organization(database, org), Which(topic=topic, cause=cause)
        if not (retry or drop):
            with database.begin(chosen) as uow:
                found = dead_letters.listing(uow, which)
            rows = [{"number": each.number, **_row(each)} for each in found]
            say(rows, as_json, "\n".join(_line(each) for each in found) or "None.")
            return
        word = retry or drop
        count = _change(database, chosen, which if word == ALL else dead_letters.named(word), again=bool(retry))
        say({"changed": count}, as_json, f"{count} will be tried again." if retry else f"{count} dropped.")


def _change(database: Database, org_id: int, which: Which, *, again: bool) -> int:
    """In chunks of their own: a long outage leaves many. What dies anew meanwhile is left for next time."""
    done, act = 0, dead_letters.retry if again else dead_letters.drop
    with database.begin(org_id) as uow:
        left = dead_letters.count(uow, which)
    for _chunk in range(max(1, -(-left // CHUNK))):
        with database.begin(org_id) as uow:
            done += act(uow, actor=None, which=which)
    return done


def _row(letter: Letter) -> dict[str, object]:
    return {"kind": letter.kind, "topic": letter.topic, "cause": letter.cause, "at": letter.at.isoformat()}


def _line(letter: Letter) -> str:
    return f"{letter.number:>8}  {letter.topic:<20} {letter.cause}"
