"""`sluice sources`: senders of leads, how their posts are written, and what a post would become; and `sluice mail`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.markup import escape
from sqlalchemy import select

from crm import formats
from crm.errors import Refusal
from crm.formats import GENERIC, Mapping, MappingError
from crm.formats.mapping import schema as mapping_schema
from crm.models import Pool, Source
from crm.rules.arrival import Arrival, FieldErrors
from crm.services import fetches, houses, source_formats, source_watch, sources
from crm.settings import load
from ops.cli_frame import REFUSED, AsJson, Org, open_database, organization, out, public_url, say, sentences, vault
from ops.cli_table import show
from ops.errors import StartError
from webhooks.intake import bodies, mail, mapped
from webhooks.intake.items import Announced, Came, Item, Passed, Told, Wrong
from webhooks.intake.post import Post, TurnedAway
from webhooks.intake.taking import take

# What a mail server's pipe understands (sysexits.h): try again later, no such address.
TEMPORARY, NO_USER = 75, 67
_COLUMNS = ("key", "name", "kind", "format", "on", "last seen", "accepted", "rejected", "to fetch")
app = typer.Typer(no_args_is_help=True, help="Intake sources: who sends leads, and how their posts are written.")


@app.command("list")
def list_sources(org: Org = "", as_json: AsJson = False) -> None:
    """Every source: its format, what came, what was turned away, and what is still to be fetched."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            rows = [_row(uow, source) for source in sources.listing(uow)]
        if as_json:
            say(rows, as_json, "")
        else:
            show(_COLUMNS, ([escape(str(value)) for value in row.values()] for row in rows), whole="key")


def _row(uow: Any, source: Source) -> dict[str, Any]:
    waiting = fetches.still_open(uow, source.id)
    return {
        "key": source.key, "name": source.name, "kind": source.kind, "format": source.format,
        "enabled": "yes" if source.enabled else "no", "last_seen": source.last_seen_at or "never",
        "accepted": source.accepted, "rejected": source.rejected, "to_fetch": waiting.owed + waiting.failed,
    }  # fmt: skip


@app.command("formats")
def list_formats(as_json: AsJson = False) -> None:
    """The formats that are there by name."""
    rows = {name: formats.named(name).name for name in formats.names()}
    rows |= {"email": "Messages (RFC 822)", "feed": "What people do in a product"}
    say(rows, as_json, "\n".join(f"{name:<10} {called}" for name, called in rows.items()))


@app.command()
def schema() -> None:
    """The JSON schema of descriptions, for editors."""
    say(mapping_schema(), True, "")


@app.command()
def add(
    name: str,
    using: Annotated[str, typer.Option("--using", help="A format by name; see sluice sources formats.")] = GENERIC,
    mapping: Annotated[Path | None, typer.Option(help="A description of the format, or what differs from it.")] = None,
    key: Annotated[str, typer.Option(help="Its word in the address; made from the name without it.")] = "",
    pool: Annotated[str, typer.Option(help="Key of the pool where its leads lie.")] = "",
    org: Org = "",
) -> None:
    """Make a source, and say what to do at the sender's."""
    with sentences():
        document = _document(mapping) if mapping else None
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            made = source_formats.create(uow, vault(), actor=None, key=key, name=name, word=using)
            source_formats.describe(actor=None, source=made.source, document=document)
            made.source.pool_id = _pool(uow, pool) if pool else None
            told = list(_set_up(made.source, made.key, f"{public_url(load())}/intake/{made.source.key}"))
        out.print("\n".join(told), highlight=False, soft_wrap=True, markup=False)


def _set_up(source: Source, key: str, address: str) -> Iterator[str]:
    yield f"Address: {address}"
    yield f"Key (shown this once): {key}"
    found = source_formats.mapping_of(source)
    if found and found.setup:
        yield source_formats.filled(found.setup.en, source=source, address=address, key=key)
        for need in found.needs:
            yield f"sluice sources set {source.key} {need.secret}   # {need.en}"


def _pool(uow: Any, key: str) -> int:
    found = uow.session.scalar(select(Pool.id).where(Pool.org_id == uow.org_id, Pool.key == key))
    if found is None:
        raise StartError(f"There is no pool {key}.")
    return int(found)


@app.command("set")
def set_secret(source: str, name: str, org: Org = "") -> None:
    """Keep what the vendor's side gave, such as a page token, read from the standard input."""
    with sentences():
        value = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read().strip()
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            again = source_formats.keep_vendor_secret(uow, vault(), actor=None, key=source, name=name, value=value)
        out.print(f"Kept. {again} leads that could not be fetched are tried again.", highlight=False)


@app.command("describe")
def describe(source: str, mapping: Path, org: Org = "") -> None:
    """Give a source another description of how its posts are written."""
    with sentences():
        document, database = _document(mapping), open_database()
        with database.begin(organization(database, org)) as uow:
            source_formats.describe(actor=None, source=sources.find(uow, source), document=document)
        out.print("Its posts are read by that from now on.")


@app.command("try")
def try_mapping(
    mapping: Annotated[str, typer.Argument(help="A format by name, or a file with a description.")],
    payload: Annotated[Path, typer.Argument(help="A post as the sender sends it: .json, or .eml for e-mail.")],
    fetched: Annotated[bool, typer.Option(help="The payload is the lead as the vendor hands it over.")] = False,
    region: Annotated[str, typer.Option(help="Country of phones without a country code.")] = "CN",
    as_json: AsJson = False,
) -> None:
    """Show what a post would become; nothing is taken in and nobody has to prove anything."""
    with sentences():
        try:
            items = _items(mapping, payload.read_bytes(), fetched, region)
        except TurnedAway as exc:
            raise StartError(str(exc)) from None
        except FieldErrors as exc:
            items = [Wrong(exc.fields)]
        shown = [_shown(item) for item in items]
        say(shown, as_json, "\n\n".join(_lines(one) for one in shown))
    raise typer.Exit(REFUSED if any(isinstance(item, Wrong) for item in items) else 0)


def _items(name: str, raw: bytes, fetched: bool, region: str) -> list[Item]:
    """Raises StartError, TurnedAway, FieldErrors."""
    if name == "email":
        return [mail.item_of(raw, region)]
    values = bodies.read(Post("", {"content-type": "application/json"}, raw, ""))
    mapping = _mapping(name)
    return list(mapped.told(mapped.of_lead(mapping) if fetched else mapping, values, region).items)


def _mapping(name: str) -> Mapping:
    try:
        return formats.named(name) if name in formats.names() else formats.complete(formats.of(_document(Path(name))))
    except MappingError as exc:
        raise StartError("\n".join(f"{place}: {wrong}" for place, wrong in exc.mistakes)) from None


def _document(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeError:
        raise StartError(f"{file} is no text in UTF-8.") from None
    except yaml.YAMLError as exc:
        raise StartError(f"{file} is no YAML: {exc}") from None


def _shown(item: Item) -> dict[str, Any]:
    match item:
        case Came():
            filled = {each.name: getattr(item.arrival, each.name) for each in fields(Arrival)}
            return {"id": item.own_id} | {name: value for name, value in filled.items() if value}
        case Announced():
            return {"id": item.own_id, "to be fetched": True}
        case Wrong():
            return {"errors": dict(item.errors)}
        case Passed():
            return {"ignored": item.why}
        case _:
            return asdict(item)


def _lines(shown: dict[str, Any]) -> str:
    """A line for each field."""
    flat = {name: value for name, value in shown.items() if not isinstance(value, dict)}
    for name in shown.keys() - flat.keys():
        flat |= {f"{name}.{inner}": value for inner, value in shown[name].items()}
    return "\n".join(f"{name:<16} {value}" for name, value in flat.items())


def take_mail(source: str, org: Org = "") -> None:
    """Take in one e-mail from the standard input, for a mail server's pipe; safe to run again for the same message."""
    raw = sys.stdin.buffer.read()
    try:
        told = _take_mail(source, raw, org)
    except typer.Exit as exc:
        # A mail server keeps the message and comes again, whatever keeps us from it.
        raise typer.Exit(NO_USER if exc.exit_code == NO_USER else TEMPORARY) from None
    out.print(told, highlight=False, markup=False)


def _take_mail(key: str, raw: bytes, org: str) -> str:
    """What became of it. Raises typer.Exit where there is no such source."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            try:
                source = sources.find(uow, key)
            except Refusal:
                out.print(f"There is no source {key}.")
                raise typer.Exit(NO_USER) from None
            return _taken(uow, source, raw)


def _taken(uow: Any, source: Source, raw: bytes) -> str:
    try:
        item = mail.item_of(raw, houses.of(uow).region)
        answer, _done = take(uow, source, Told([item]), "")
    except TurnedAway as exc:
        return str(exc)
    except FieldErrors as exc:
        refused = dict.fromkeys(exc.fields.items(), 1)
        source_watch.count(uow, source_id=source.id, accepted=0, rejected=1, refused=refused)
        return str(exc)
    source_watch.count(uow, source_id=source.id, accepted=1, rejected=0, refused={})
    content = dict(answer.content) if not isinstance(answer.content, str) else {}
    return str(content.get("ref") or content.get("ignored"))
