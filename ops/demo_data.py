"""The company of `make demo`: made by the services, lead by lead, each at its own time in the last 90 days.

`begin` makes the company and its first leads; `fill` goes on with the rest, also after it was interrupted. Nobody is
told of what is long past, and what `fill` makes is over or lies in a pool: no desk changes under those who try it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from crm.db import Database
from crm.models import Organization
from crm.services import members, placing, sources
from crm.uow import UnitOfWork
from crm.vault import Vault
from ops import company_file, init_company
from ops.demo_life import Cast, live
from ops.demo_story import FIRST, REPS, Script, scripts

COMPANY = Path(__file__).parent / "demo_company.yaml"
KEY = "bluebird"
BATCH = 10
TRIES = 5

_LIVED = text("select value from person_key where org_id = :org and kind = 'external' and value like '%demo-%'")
# Lives of the past have turned the ledger's days back; today's claims are what the evidence says.
_LEDGER = text(
    """
    update rep_load r set day = d.day, week = d.week,
           day_claims = (select count(*) from claim_entry c
                         where c.org_id = r.org_id and c.member_id = r.member_id and c.day = d.day),
           week_claims = (select count(*) from claim_entry c
                          where c.org_id = r.org_id and c.member_id = r.member_id and c.day >= d.week),
           dealt_day = (select count(*) from assignment a
                        where a.org_id = r.org_id and a.member_id = r.member_id and a.began_at >= d.began
                          and a.began_by = 'dispatch')
    from (select m.id, cast(t.at as date) as day, cast(date_trunc('week', t.at) as date) as week,
                 date_trunc('day', t.at) at time zone t.zone as began
          from member m join organization o on o.id = m.org_id
          left join department p on p.org_id = m.org_id and p.id = m.department_id
          cross join lateral (select coalesce(m.timezone, p.timezone, o.timezone) as zone) z
          cross join lateral (select z.zone, cast(:now as timestamptz) at time zone z.zone as at) t
          where m.org_id = :org) d
    where r.org_id = :org and r.member_id = d.id and (r.day, r.week) is distinct from (d.day, d.week)
    """
)

_FRESH = text(
    """
    select l.pool_id as pool, (array_agg(l.id order by l.created_at desc))[1:3] as leads
    from lead l where l.org_id = :org and l.owner_id is null and l.status = 'open' and l.pool_id is not null
    group by l.pool_id order by l.pool_id
    """
)


def begin(database: Database, *, secret_key: str, out: Console, first: int = FIRST) -> None:
    """Make the company and its first leads, unless they are there. Takes some 20 s."""
    if is_new := _organization(database) is None:
        init_company.load(database, Vault(secret_key), company_file.read(COMPANY))
    with _quiet(database) as quiet:
        _live(quiet, upto=first, batch=BATCH, out=out, what="The company and its first leads")
    if is_new:
        _announce(database)


def fill(database: Database, *, out: Console, upto: int | None = None) -> None:
    """Make the rest of the leads, while the demo is in use. Running it again goes on where it stopped."""
    with _quiet(database) as quiet:
        _live(quiet, upto=upto, batch=1, out=out, what="More leads of the last 90 days", over=True)


def progress(database: Database) -> tuple[int, int]:
    """How many leads of the demo are there, and how many there will be."""
    org_id, present = _company(database)
    return len(_lived(database, org_id)), len(scripts(present))


def _live(database: Database, *, upto: int | None, batch: int, out: Console, what: str, over: bool = False) -> None:
    org_id, present = _company(database)
    told = scripts(present)[:upto]
    lived = _lived(database, org_id)
    waiting = [script for script in told if script.number not in lived]
    cast = _cast(database, org_id)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not waiting) as bar:
        done = bar.add_task("", total=len(told), completed=len(told) - len(waiting))
        for start in range(0, len(waiting), batch):
            part = waiting[start : start + batch]
            _together(database, org_id, cast, part, present, over=over)
            bar.advance(done, len(part))


def _together(
    database: Database, org_id: int, cast: Cast, part: Sequence[Script], present: datetime, *, over: bool
) -> None:
    """Some lives in one transaction; somebody who uses the demo meanwhile may be in the way, so it is tried again."""
    for attempt in range(TRIES):
        try:
            with database.begin(org_id) as uow:
                today = uow.now
                for script in part:
                    live(uow, cast, script, present, today, over=over)
                uow.session.execute(_LEDGER, {"org": org_id, "now": today})
                return
        except OperationalError:
            if attempt == TRIES - 1:
                raise


def _announce(database: Database) -> None:
    """The newest leads of each pool are news in its group, so that newcomers find something to race for."""
    org_id, _present = _company(database)
    with database.begin(org_id) as uow:
        for fresh in uow.session.execute(_FRESH, {"org": org_id}).all():
            placing.announce(uow, fresh.pool, fresh.leads)


@contextmanager
def _quiet(database: Database) -> Iterator[Database]:
    """The same database, where nobody is told anything."""
    quiet = Database(database.url, pool_size=2, statement_timeout_ms=60_000, time=database.time, muted=True)
    try:
        yield quiet
    finally:
        quiet.close()


def _organization(database: Database) -> Organization | None:
    with database.begin() as uow:
        return uow.session.scalar(select(Organization).where(Organization.key == KEY))


def _company(database: Database) -> tuple[int, datetime]:
    """The organization, and the present of its story: when it was made."""
    found = _organization(database)
    assert found is not None, "begin makes it"
    return found.id, found.created_at


def _lived(database: Database, org_id: int) -> set[int]:
    with database.begin(org_id) as uow:
        return {int(value.rpartition("-")[2]) for value in uow.session.scalars(_LIVED, {"org": org_id})}


def _cast(database: Database, org_id: int) -> Cast:
    with database.begin(org_id) as uow:
        return Cast(
            {rep.key: members.get(uow, _member_id(uow, rep.key)) for rep in REPS},
            {source.key: source for source in sources.listing(uow)},
        )


def _member_id(uow: UnitOfWork, key: str) -> int:
    found = text("select member_id from chat_identity where org_id = :org and external_id = :key")
    return int(uow.session.execute(found, {"org": uow.org_id, "key": key}).scalar_one())
