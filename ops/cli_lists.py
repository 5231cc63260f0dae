"""`sluice lists`: the managed lists and own fields, shown, changed, and carried from one company to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from bot.handlers.values import new_field
from crm.rules import catalogue_file
from crm.rules.catalogue import LISTS, Catalogue, Entry, Field
from crm.services import catalogue, field_edits, list_edits, list_file, list_journal
from crm.services.list_edits import Changed, New
from crm.uow import UnitOfWork
from ops import list_table
from ops.cli_frame import AsJson, Org, open_database, organization, out, say, sentences, words_of

app = typer.Typer(help="The managed lists: products, regions, lost reasons, stages, own fields and more.")
List = Annotated[str, typer.Argument(metavar="LIST", help="products, lost_reasons …, or a field with choices.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A value by its key, name or alias.")]
Zh = Annotated[str, typer.Option("--zh", help="Its name in Chinese.")]
Aliases = Annotated[list[str] | None, typer.Option("--alias", help="What else means it; may be given again.")]
Key = Annotated[str, typer.Option("--key", help="What leads carry and rules compare, by default the name.")]


@app.callback(invoke_without_command=True)
def all_lists(context: typer.Context, org: Org = "", as_json: AsJson = False) -> None:
    """Without a subcommand: everything there is."""
    if context.invoked_subcommand is None:
        show("", org, as_json)


@app.command()
def show(name: Annotated[str, typer.Argument(metavar="LIST")] = "", org: Org = "", as_json: AsJson = False) -> None:
    """All lists, or one with its values, aliases, and what is retired."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            lists, file = catalogue.of(uow), list_file.dump(uow)
            wanted = list_edits.list_named(lists, name) if name and name != "fields" else name
        say(file.model_dump(mode="json"), as_json, "\n".join(_told(lists, wanted)))


@app.command()
def add(name: List, value: Name, zh: Zh = "", alias: Aliases = None, key: Key = "",
        step: Annotated[str, typer.Option(help="What a stage counts as.")] = "", org: Org = "") -> None:  # fmt: skip
    """A new value; leads that carry it in other words carry it from now on."""
    new = New(value, zh, tuple(alias or ()), key, step)
    _do(org, name, lambda uow, list_: list_edits.add(uow, actor=None, name=list_, new=new))


@app.command()
def rename(name: List, value: Name, to: Annotated[str, typer.Option("--to", help="Its new name.")] = "",
           zh: Zh = "", alias: Aliases = None, org: Org = "") -> None:  # fmt: skip
    """Call a value otherwise, or give it aliases; leads and rules keep its key."""
    new = New(to, zh, tuple(alias or ()))
    _do(org, name, lambda uow, list_: list_edits.rename(uow, actor=None, name=list_, words=value, new=new))


@app.command()
def merge(name: List, value: Name, into: Annotated[str, typer.Argument(metavar="INTO")], org: Org = "") -> None:
    """Make two values one, on every lead that carries the first."""
    _do(org, name, lambda uow, list_: list_edits.merge(uow, actor=None, name=list_, words=value, into=into))


@app.command()
def retire(
    name: List,
    value: Name,
    back: Annotated[bool, typer.Option("--back", help="Offer it again.")] = False,
    org: Org = "",
) -> None:
    """Offer a value no more; leads that carry it keep it."""
    _do(org, name, lambda uow, list_: list_edits.retire(uow, actor=None, name=list_, words=value, back=back))


@app.command()
def order(name: List, values: Annotated[list[str], typer.Argument(metavar="NAMES")], org: Org = "") -> None:
    """Put these values first, in this order."""
    _do(org, name, lambda uow, list_: list_edits.order(uow, actor=None, name=list_, words=values))


@app.command()
def default(name: List, value: Annotated[str, typer.Argument(metavar="NAME")] = "", org: Org = "") -> None:
    """What a lead gets that names none; without a name: nothing."""
    _do(org, name, lambda uow, list_: list_edits.standard(uow, actor=None, name=list_, words=value))


@app.command()
def field(
    words: Annotated[
        str, typer.Argument(help="Such as: Budget ceiling / 预算上限 amount, required at Quote, sensitive")
    ],
    org: Org = "",
) -> None:
    """A new field of the company's own, in the words that chat takes."""
    _do(org, "", lambda uow, _list: field_edits.add(uow, actor=None, new=new_field(words)))


@app.command("import")
def import_(file: Path, org: Org = "", as_json: AsJson = False) -> None:
    """Take lists and fields in from YAML or CSV; a second time changes nothing."""
    with sentences():
        database = open_database()
        read = list_table.read(file) if file.suffix.lower() == ".csv" else catalogue_file.parse(words_of(file))
        with database.begin(organization(database, org)) as uow:
            done = list_file.load(uow, actor=None, file=read)
        told = f"Added {done['added']}, changed {done['changed']}, leads written anew {done['leads']}."
        say({name: done[name] for name in ("added", "changed", "leads")}, as_json, told)


@app.command()
def export(
    file: Annotated[Path | None, typer.Argument(help="Ends in .csv for a table; without it YAML is printed.")] = None,
    org: Org = "",
) -> None:
    """All lists and fields as a file that import takes."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            found = list_file.dump(uow)
        is_table = file is not None and file.suffix.lower() == ".csv"
        written = list_table.written(found) if is_table else catalogue_file.written(found)
        if file is None:
            print(written, end="")  # noqa: T201
        else:
            file.write_text(written, encoding="utf-8-sig" if is_table else "utf-8")
            out.print(f"Written to {file}.", markup=False)


@app.command()
def undo(
    change: Annotated[int, typer.Argument(help="The number that the change was answered with.")], org: Org = ""
) -> None:
    """Take one change back, with the leads that it wrote anew."""
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            list_journal.take_back(uow, change)
        out.print("Taken back.")


def _do(org: str, name: str, verb: Callable[[UnitOfWork, str], Changed]) -> None:
    with sentences():
        database = open_database()
        with database.begin(organization(database, org)) as uow:
            done = verb(uow, list_edits.list_named(catalogue.of(uow), name) if name else "")
        told = f"Done (change {done.change}); leads written anew: {done.leads}." if done.change else "It is like that."
        out.print(told, markup=False, highlight=False)


def _told(lists: Catalogue, wanted: str) -> Iterator[str]:
    for said, name in LISTS.items():
        entries = lists.lists.get(name, ())
        if wanted in ("", name):
            yield f"{said}: {'' if entries else 'any words'}".rstrip()
            yield from map(_line, entries)
    if wanted in ("", "fields"):
        yield f"fields:{'' if lists.fields else ' none'}"
    for one in lists.fields:
        if wanted in ("", "fields", one.list):
            yield _field_line(one)
            yield from (f"  {_line(entry)}" for entry in lists.lists.get(one.list, ()))


def _line(entry: Entry) -> str:
    names = " / ".join(filter(None, dict.fromkeys([entry.key, entry.name, entry.name_zh])))
    marks = [mark for mark, on in (("default", entry.standard), ("retired", entry.retired)) if on]
    marks += [entry.funnel] if entry.funnel else []
    also = f" = {', '.join(entry.aliases)}" if entry.aliases else ""
    told = f" ({', '.join(marks)})" if marks else ""
    return f"  {names}{also}{told}"


def _field_line(one: Field) -> str:
    marks = [f"needed at {one.required_stage}"] if one.required_stage else []
    flags = (("sensitive", one.sensitive), ("not on cards", not one.shown), ("retired", one.retired))
    told = ", ".join([one.kind, *marks, *(mark for mark, on in flags if on)])
    return f"  {' / '.join(filter(None, dict.fromkeys([one.key, one.name, one.name_zh])))} ({told})"
