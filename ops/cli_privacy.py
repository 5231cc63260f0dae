"""`sluice privacy`, `sluice audit`, `sluice keys`: one customer's data, who did what, and the installation's key."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import text

from crm import jobs
from crm.errors import LeadNotFound
from crm.rules import periods
from crm.rules.periods import Period
from crm.services import (
    audit,
    audit_chain,
    erasing,
    leads,
    person_export,
    reerasing,
    restricting,
    retention,
)
from crm.services.audit_chain import Head
from crm.uow import UnitOfWork
from crm.vault import VaultError
from ops import key_rotation
from ops.cli_frame import REFUSED, AsJson, Org, open_database, organization, out, say, sentences, vault, words_of
from ops.errors import StartError
from ops.export_file import write_table

privacy = typer.Typer(no_args_is_help=True, help="One customer's data: taken out, set aside, erased.")
audit_app = typer.Typer(no_args_is_help=True, help="Who did what that must be answered for.")
keys = typer.Typer(no_args_is_help=True, help="The installation's key.")
_PERSON = text("select id, person_id from lead where org_id = :org and number = :number")
_ZONE = text("select timezone from organization where id = :org")
Basis = Literal["request", "mistake"]
PeriodOf = Annotated[str, typer.Option(help="Such as week, 30d or 2026-10.")]


def register(app: typer.Typer) -> None:
    """Hang these under `sluice`."""
    app.add_typer(privacy, name="privacy")
    app.add_typer(audit_app, name="audit")
    app.add_typer(keys, name="keys")


@privacy.command("export")
def export(lead: str, file: Path, org: Org = "") -> None:
    """Everything that is held of a lead's customer, as a zip for machines (JSON) and people (HTML)."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            person = _person(uow, lead)
            file.write_bytes(person_export.archive(uow, person))
            audit.write(uow, "person.exported", by=None, subject=f"person:{person}")
        out.print(f"Written to {file}.", highlight=False)


@privacy.command("erase")
def erase(
    lead: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    basis: Annotated[
        str, typer.Option(help="request, or mistake: then the customer may be entered again.")
    ] = "request",
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Erase all personal data of a lead's customer. It cannot be taken back."""
    with sentences():
        database = open_database()
        chosen: Basis = "mistake" if basis == "mistake" else "request"
        with database.begin(organization(database, org)) as uow:
            person = _person(uow, lead)
            restricting.check(uow, person_id=person, ref=lead)
            if not (yes or typer.confirm(f"Erase all personal data of the customer of {lead}, for good?")):
                raise typer.Exit(REFUSED)
            made = erasing.erase(uow, person, by=None, basis=chosen)
        assert made is not None, "checked before"
        say({"erasure": made.id, "counts": dict(made.counts)}, as_json, f"Erased: {sum(made.counts.values())} rows.")


@privacy.command("stop")
def stop(lead: str, reason: str, org: Org = "") -> None:
    """Set a lead's customer aside: the record stays, and nothing is done with it."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            restricting.stop(uow, person_id=_person(uow, lead), ref=lead, actor=None, reason=reason)
        out.print("Set aside.")


@privacy.command("resume")
def resume(lead: str, org: Org = "") -> None:
    """End that."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            restricting.resume(uow, person_id=_person(uow, lead), ref=lead, actor=None)
        out.print("It goes on.")


@privacy.command("list")
def listing(file: Path, org: Org = "") -> None:
    """All erasures so far, signed, to be kept apart from the backups; it names nobody."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            told = reerasing.listing(uow)
        file.write_text(json.dumps(told, indent=1), encoding="utf-8")
        out.print(f"{len(told['erased'])} erasures written to {file}.", highlight=False)


@privacy.command("reapply")
def reapply(file: Path, org: Org = "", as_json: AsJson = False) -> None:
    """After a backup was restored: erase again whoever is in a list of erasures."""
    with sentences():
        database = open_database()
        try:
            with database.begin(organization(database, org)) as uow:
                done = reerasing.apply(uow, json.loads(words_of(file)))
        except (ValueError, KeyError, TypeError, VaultError) as exc:
            raise StartError(f"{file} cannot be used: {exc}.") from None
        say({"erased": done}, as_json, f"{done} customers were there again, and are erased.")


@privacy.command("retention")
def keep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Erase now what the rules keep no longer, which else the night does."""
    with sentences():
        database = open_database()
        chosen = organization(database, org)
        with database.begin(chosen) as uow:
            due = retention.due(uow)
        if not dry_run:
            jobs.forget(database, chosen)
        told = ", ".join(f"{name} {many}" for name, many in due.items() if many) or "nothing"
        say(due, as_json, f"{'Due' if dry_run else 'Done'}: {told}.")


@audit_app.command("verify")
def verify(
    since: Annotated[str, typer.Option(help="An end that was kept elsewhere, POSITION:DIGEST.")] = "",
    org: Org = "",
    as_json: AsJson = False,
) -> None:
    """Whether anything in the audit was deleted, changed, moved or cut off."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            found = audit_chain.verify(uow, since=_head(since))
    wrong = [f"{each.what} at {each.position}" for each in found.findings]
    words = f"{found.entries} entries, whole. End: {found.head}" if not wrong else f"Not whole: {', '.join(wrong)}."
    say(asdict(found) | {"end": str(found.head)}, as_json, words)
    raise typer.Exit(REFUSED if wrong else 0)


@audit_app.command("export")
def export_audit(file: Path, period: PeriodOf = "365d", org: Org = "") -> None:
    """The audit as CSV, or as a workbook where the name ends in .xlsx; each row with its place in the chain."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            audit_chain.seal_due(uow)
            many = write_table(file, "audit", audit.HEADER, audit.rows(uow, _period(uow, period)))
        out.print(f"{many} entries written to {file}.", highlight=False)


@audit_app.command("reveals")
def reveals(file: Path, period: PeriodOf = "365d", org: Org = "") -> None:
    """Who looked at whose contact before a claim, as a table."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rows = audit.reveal_rows(uow, period=_period(uow, period), reader=None, most=1_000_000)
            many = write_table(file, "reveals", audit.REVEALS_HEADER, rows)
        out.print(f"{many} looks written to {file}.", highlight=False)


@keys.command("rotate")
def rotate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what needs a former key.")] = False,
    as_json: AsJson = False,
) -> None:
    """Seal all stored secrets with the first key of SLUICE_SECRET_KEY; then the others can go. Safe while running."""
    with sentences():
        done = key_rotation.rotate(open_database(), vault(), dry=dry_run)
    lost = sum(each.lost for each in done.values())
    anew = sum(each.anew for each in done.values())
    told = f"{anew} secrets {'need a former key' if dry_run else 'sealed with the newest key'}."
    if lost:
        told += f" {lost} cannot be read with any key: put the former one behind the new one, after a comma."
    say({name: asdict(each) for name, each in done.items()}, as_json, told)
    raise typer.Exit(REFUSED if lost else 0)


def _person(uow: UnitOfWork, ref: str) -> int:
    """Whose lead it is. Raises LeadNotFound."""
    found = uow.session.execute(_PERSON, {"org": uow.org_id, "number": leads.parse_ref(ref) or 0}).one_or_none()
    if found is None:
        raise LeadNotFound(ref=ref)
    return int(found.person_id)


def _period(uow: UnitOfWork, words: str) -> Period:
    zone = ZoneInfo(uow.session.execute(_ZONE, {"org": uow.org_id}).scalar_one())
    try:
        return periods.parse(words, uow.now, zone)
    except ValueError:
        raise StartError(f"I cannot read the period {words}. Write it like week, 30d or 2026-10.") from None


def _head(words: str) -> Head | None:
    try:
        return audit_chain.read_head(words) if words else None
    except ValueError:
        raise StartError("Write the end of a chain as verify shows it: POSITION:DIGEST.") from None
