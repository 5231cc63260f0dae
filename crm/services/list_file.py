"""Lists and fields from a file, and back into one. Taking the same file in twice changes nothing; what it does not name
stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

from sqlalchemy import text

from crm.rules.access import Actor
from crm.rules.catalogue import LISTS, Catalogue, Entry, folded
from crm.rules.catalogue import Field as Known
from crm.rules.catalogue_file import ListsFile, OwnField, Value, Values
from crm.services import catalogue, field_edits, list_edits, members
from crm.services.field_edits import NewField
from crm.services.list_edits import New
from crm.uow import UnitOfWork

_KNOWN_AS = text("select id, coalesce(email, name) as known_as from member where org_id = :org and id = any(:ids)")


def load(uow: UnitOfWork, *, actor: Actor | None, file: ListsFile) -> Counter[str]:
    """Take a file in; how many values and fields were `added` and `changed`, and how many `leads` written anew.

    Raises: NotAllowed, EntryExists, EntryUnknown, EntryStays, KindUnknown, StepNeeded, SourceByKey.
    """
    if actor is not None:
        actor.need("lists")
    catalogue.forget(uow)
    done = _Loading(uow, actor)
    for said, values in file.lists.items():
        done.values(LISTS[said], values)
    for field in file.fields:
        done.field(field)
    return done.counts


def dump(uow: UnitOfWork) -> ListsFile:
    """Everything as it stands."""
    lists = catalogue.of(uow)
    values = partial(_values, _owners(uow, lists), lists)
    every = {said: values(name) for said, name in LISTS.items()}
    fields = tuple(_field(one, values(one.list)) for one in lists.fields)
    return ListsFile(lists={said: values for said, values in every.items() if values}, fields=fields)


class _Loading:
    """A file on its way in."""

    def __init__(self, uow: UnitOfWork, actor: Actor | None) -> None:
        self.uow, self.actor, self.counts = uow, actor, Counter[str]()

    def values(self, name: str, values: Values) -> None:
        for value in values:
            self._value(name, value)
        lists = catalogue.of(self.uow)
        wanted = [entry.key for value in values if (entry := lists.find(name, value.key or value.name))]
        stand = [entry.key for entry in lists.lists.get(name, ()) if entry.key in wanted]
        if stand != wanted and name != "source":
            list_edits.order(self.uow, actor=self.actor, name=name, words=wanted)
            self.counts["changed"] += 1

    def field(self, field: OwnField) -> None:
        known = catalogue.of(self.uow).field(field.key or field.name)
        if known is None:
            new = NewField(
                field.name, field.type, field.name_zh, field.key, field.aliases, field.required_at, field.sensitive,
                field.shown,
            )  # fmt: skip
            made = field_edits.add(self.uow, actor=self.actor, new=new)
            self._count("added", made.leads)
            known = field_edits.get(self.uow, made.key)
        changes = _changes(self.uow, known, field)
        if changes:
            done = field_edits.change(self.uow, actor=self.actor, words=known.key, **changes)
            self._count("changed", done.leads)
        self.values(known.list, field.choices)

    def _value(self, name: str, value: Value) -> None:
        found = catalogue.of(self.uow).find(name, value.key or value.name)
        new = New(value.name, value.name_zh, value.aliases, value.key, value.step)
        if found is None:
            made = list_edits.add(self.uow, actor=self.actor, name=name, new=new)
            self._count("added", made.leads)
        elif _differs(found, value):
            self._count(
                "changed", list_edits.rename(self.uow, actor=self.actor, name=name, words=found.key, new=new).leads
            )
        self._standing(name, value)

    def _standing(self, name: str, value: Value) -> None:
        """Whether it is offered, and whether it is the one that a lead gets which names none."""
        found = catalogue.of(self.uow).find(name, value.key or value.name)
        assert found is not None, "it was added just now"
        if found.retired is not value.retired:
            list_edits.retire(self.uow, actor=self.actor, name=name, words=found.key, back=not value.retired)
            self._count("changed", 0)
        if value.owner:
            who = members.find(self.uow, value.owner).id
            if who != found.owner_id:
                list_edits.own(self.uow, actor=self.actor, name=name, words=found.key, owner_id=who)
                self._count("changed", 0)
        if value.default and not found.standard:
            list_edits.standard(self.uow, actor=self.actor, name=name, words=found.key)
            self._count("changed", 0)

    def _count(self, what: str, leads: int) -> None:
        self.counts[what] += 1
        self.counts["leads"] += leads


def _differs(entry: Entry, value: Value) -> bool:
    new = {folded(alias) for alias in value.aliases} - entry.words
    return bool(new) or entry.name != value.name or (bool(value.name_zh) and entry.name_zh != value.name_zh)


def _changes(uow: UnitOfWork, known: Known, field: OwnField) -> dict[str, object]:
    stage = catalogue.of(uow).find("stage", field.required_at) if field.required_at else None
    is_now = {
        "name": known.name, "name_zh": known.name_zh or field.name_zh, "kind": known.kind,
        "required": known.required_stage or "", "sensitive": known.sensitive, "shown": known.shown,
        "retired": known.retired,
    }  # fmt: skip
    wanted = {
        "name": field.name, "name_zh": field.name_zh or known.name_zh, "kind": field_edits.kind_of(field.type),
        "required": stage.key if stage else field.required_at, "sensitive": field.sensitive, "shown": field.shown,
        "retired": field.retired,
    }  # fmt: skip
    changes = {name: value for name, value in wanted.items() if is_now[name] != value}
    new = {folded(alias) for alias in field.aliases} - known.words
    return changes | ({"aliases": [*known.aliases, *sorted(new)]} if new else {})


def _owners(uow: UnitOfWork, lists: Catalogue) -> dict[int, str]:
    """Who looks after something, each by what finds one in a file."""
    ids = sorted({entry.owner_id for entries in lists.lists.values() for entry in entries if entry.owner_id})
    return {row.id: row.known_as for row in uow.session.execute(_KNOWN_AS, {"org": uow.org_id, "ids": ids})}


def _values(owners: Mapping[int, str], lists: Catalogue, name: str) -> Values:
    return tuple(_value(entry, owners.get(entry.owner_id or 0, "")) for entry in lists.lists.get(name, ()))


def _value(entry: Entry, owner: str) -> Value:
    key = entry.key if entry.key != entry.name else ""
    return Value(
        name=entry.name or entry.key, name_zh=entry.name_zh, key=key, aliases=entry.aliases, step=entry.funnel or "",
        default=entry.standard, retired=entry.retired, owner=owner,
    )  # fmt: skip


def _field(one: Known, choices: Values) -> OwnField:
    return OwnField(
        name=one.name, type=one.kind, key=one.key, name_zh=one.name_zh, aliases=one.aliases,
        required_at=one.required_stage or "", sensitive=one.sensitive, shown=one.shown, retired=one.retired,
        choices=choices,
    )  # fmt: skip
