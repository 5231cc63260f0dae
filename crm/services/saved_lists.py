"""Lists that a member saved under a name: what was said is looked up once, and kept as a structured filter."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, text

from crm.errors import SourceNotFound, StageNotFound
from crm.errors_of_lists import ListNameNeeded, ListNotFound, ListsFull, NothingToSave
from crm.rules.access import Actor
from crm.rules.catalogue_words import unknown_value, value
from crm.rules.conditions import CUSTOM, AllOf, Comparison, Op, Plain
from crm.rules.wanted import Said, Sign, Wanted
from crm.services import catalogue
from crm.uow import UnitOfWork

MOST, LONGEST = 20, 30
_STAGES = text(
    "select s.key, s.name, s.name_zh from stage s where s.org_id = :org group by 1, 2, 3 order by min(s.position), 1"
)
_SOURCES = text("select key, name from source where org_id = :org")
# How the values of a field are written on the member's own leads.
_WRITTEN = text(
    """
    select distinct written.value from lead l
    cross join lateral unnest(case :field when 'level' then array[l.level] when 'region' then array[l.region]
        when 'product' then array[l.product] else l.tags end) as written(value)
    where l.org_id = :org and l.owner_id = :me and l.status = 'open' and lower(written.value) = any(:values)
    """
)
_SAVE = text(
    """
    insert into saved_list (org_id, member_id, key, name, wanted, created_at)
    values (:org, :me, :key, :name, cast(:wanted as jsonb), :now)
    on conflict (org_id, member_id, key) do update set name = excluded.name, wanted = excluded.wanted
    """
)
_MINE = text(
    "select id, key, name, wanted, created_at from saved_list where org_id = :org and member_id = :me order by id"
)
# Under no name: what was asked for last, which can be saved still.
_LAST = ""
_REMOVE = text("delete from saved_list where org_id = :org and member_id = :me and key = :key returning name")
_OPS: dict[Sign, Op] = {"is": "eq", "not": "ne", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}


@dataclass(frozen=True, slots=True)
class SavedList:
    """A name and what it stands for."""

    id: int
    key: str
    name: str
    wanted: Wanted
    created_at: datetime


def understood(uow: UnitOfWork, *, actor: Actor, said: Iterable[Said]) -> Wanted:
    """What was said as a filter. Raises StageNotFound, SourceNotFound, FieldWrong, ValueMeant, ValueUnknown."""
    comparisons: list[Comparison] = []
    rest: dict[str, Any] = {}
    for one in said:
        match one.name:
            case "untouched" | "due":
                rest[one.name] = one.values[0]
            case "starred":
                rest["starred"] = True
            case "text":
                rest["text"] = one.values[0]
            case "amount" | "score":
                comparisons.append(Comparison(field=one.name, op=_OPS[one.sign], value=one.values[0]))
            case "age":
                comparisons.append(Comparison(field=one.name, op=_OPS[one.sign], value=f"{one.values[0]}d"))
            case "own":
                comparisons.append(_own(uow, one))
            case _:
                values = _values(uow, actor, one)
                comparisons.append(
                    Comparison(field=one.name, op="not_in" if one.sign == "not" else "in", value=tuple(values))
                )
    return Wanted(condition=AllOf(all=tuple(comparisons)), **rest)


def save(uow: UnitOfWork, *, actor: Actor, name: str, wanted: Wanted) -> SavedList:
    """Keep a filter under a name; one of that name is replaced. Raises ListNameNeeded, ListsFull."""
    given, key = name.strip(), _key(name)
    if not 0 < len(given) <= LONGEST:
        raise ListNameNeeded(limit=LONGEST)
    saved = mine(uow, actor=actor)
    if len(saved) >= MOST and key not in {each.key for each in saved}:
        raise ListsFull(limit=MOST)
    _keep(uow, actor, key, given, wanted)
    return get(uow, actor=actor, name=given)


def remember(uow: UnitOfWork, *, actor: Actor, wanted: Wanted) -> None:
    """The member asked for this just now, and may want to save it."""
    _keep(uow, actor, _LAST, "", wanted)


def last(uow: UnitOfWork, *, actor: Actor) -> Wanted:
    """What the member asked for last. Raises NothingToSave."""
    found = find(uow, actor=actor, name=_LAST)
    if found is None:
        raise NothingToSave
    return found.wanted


def plain(wanted: Wanted) -> dict[str, Any]:
    """A filter as JSON: numbers stay numbers, because a condition wants no words for them."""
    written: dict[str, Any] = json.loads(json.dumps(wanted.model_dump(by_alias=True), default=float))
    return written


def mine(uow: UnitOfWork, *, actor: Actor) -> list[SavedList]:
    """The member's lists, the oldest first."""
    rows = uow.session.execute(_MINE, {"org": uow.org_id, "me": actor.id})
    return [_list(row) for row in rows if row.key != _LAST]


def find(uow: UnitOfWork, *, actor: Actor, name: str) -> SavedList | None:
    """The member's list of that name, however it is written."""
    rows = uow.session.execute(_MINE, {"org": uow.org_id, "me": actor.id})
    return next((_list(row) for row in rows if row.key == _key(name)), None)


def get(uow: UnitOfWork, *, actor: Actor, name: str) -> SavedList:
    """The member's list of that name. Raises ListNotFound."""
    found = find(uow, actor=actor, name=name) if _key(name) else None
    if found is None:
        raise ListNotFound(given=name.strip()[:LONGEST])
    return found


def numbered(uow: UnitOfWork, *, actor: Actor, list_id: int) -> SavedList:
    """The member's list of that id, as buttons name it. Raises ListNotFound."""
    found = next((each for each in mine(uow, actor=actor) if each.id == list_id), None)
    if found is None:
        raise ListNotFound(given="…")
    return found


def remove(uow: UnitOfWork, *, actor: Actor, name: str) -> str:
    """Forget a list; returns its name. Raises ListNotFound."""
    gone: str | None = uow.session.scalar(_REMOVE, {"org": uow.org_id, "me": actor.id, "key": _key(name)})
    if not gone:
        raise ListNotFound(given=name.strip()[:LONGEST])
    return gone


def names(uow: UnitOfWork, locale: str) -> dict[str, str]:
    """What the company calls the values of its lists by `field:key`, and its own fields by `field:custom.KEY`."""
    stages = uow.session.execute(_STAGES, {"org": uow.org_id}).all()
    sources = uow.session.execute(_SOURCES, {"org": uow.org_id}).all()
    called = {f"stage:{row.key}": row.name_zh if locale == "zh" else row.name for row in stages}
    lists = catalogue.of(uow)
    for name, entries in lists.lists.items():
        called |= {f"{name}:{entry.key}": entry.called(locale) for entry in entries}
    called |= {f"field:{CUSTOM}{one.key}": one.called(locale) for one in lists.fields}
    return called | {f"source:{row.key}": row.name for row in sources}


def read(written: Any) -> Wanted:
    """A filter as it was kept."""
    return _read(json.dumps(written, sort_keys=True))


@lru_cache(maxsize=512)
def _read(written: str) -> Wanted:
    return Wanted.model_validate_json(written)


def _list(row: Row[Any]) -> SavedList:
    return SavedList(row.id, row.key, row.name, read(row.wanted), row.created_at)


def _keep(uow: UnitOfWork, actor: Actor, key: str, name: str, wanted: Wanted) -> None:
    args = {"org": uow.org_id, "me": actor.id, "key": key, "name": name, "now": uow.now}
    uow.session.execute(_SAVE, args | {"wanted": json.dumps(plain(wanted))})


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _values(uow: UnitOfWork, actor: Actor, one: Said) -> Sequence[str]:
    """The values as the company writes them."""
    given = [str(value) for value in one.values]
    if one.name == "stage":
        return [_stage(uow, value) for value in given]
    if one.name == "source":
        return [_source(uow, value) for value in given]
    lists = catalogue.of(uow)
    if lists.is_managed(one.name):
        given = [entry.key if (entry := lists.find(one.name, value)) else value for value in given]
    folded = [value.lower() for value in given]
    args = {"org": uow.org_id, "me": actor.id, "field": one.name, "values": folded}
    written = uow.session.scalars(_WRITTEN, args).all()
    unknown = [value for value in given if lists.find(one.name, value) is None]
    if lists.is_managed(one.name) and unknown and not written:
        raise unknown_value(lists, one.name, unknown[0])
    spelled = [way for value in given for way in (value, value.lower(), value.upper(), value.title())]
    return list(dict.fromkeys([*written, *spelled]))


def _own(uow: UnitOfWork, one: Said) -> Comparison:
    """A filter by an own field, its values typed as the field's. Raises FieldWrong, ValueMeant, ValueUnknown."""
    lists, name = catalogue.of(uow), CUSTOM + one.field
    read = [value(lists, name, str(words)) for words in one.values]
    every = [each for found in read for each in (found if isinstance(found, list) else [found]) if each is not None]
    flat: list[Plain] = [Decimal(str(each)) if isinstance(each, float) else each for each in every]
    if not flat:
        return Comparison(field=name, op="exists", value=one.sign != "not")
    if one.sign in ("is", "not"):
        return Comparison(field=name, op="not_in" if one.sign == "not" else "in", value=tuple(flat))
    return Comparison(field=name, op=_OPS[one.sign], value=flat[0])


def _stage(uow: UnitOfWork, given: str) -> str:
    every = uow.session.execute(_STAGES, {"org": uow.org_id}).all()
    names = [(row.key, (row.key.lower(), row.name.lower(), row.name_zh.lower())) for row in every]
    found = _named(names, given)
    if found is None:
        raise StageNotFound(
            given=given, names=", ".join(row.name for row in every), names_zh="、".join(row.name_zh for row in every)
        )
    return found


def _source(uow: UnitOfWork, given: str) -> str:
    every = uow.session.execute(_SOURCES, {"org": uow.org_id}).all()
    found = _named([(row.key, (row.key.lower(), row.name.lower())) for row in every], given)
    if found is None:
        raise SourceNotFound(given=given)
    return found


def _named(every: Iterable[tuple[str, tuple[str, ...]]], given: str) -> str | None:
    """The key of which a name is, else begins with, what was given; else the only one that ends with it."""
    known, wanted = list(every), given.lower()
    exactly = next((key for key, names in known if wanted in names), None)
    begun = next((key for key, names in known if any(name.startswith(wanted) for name in names)), None)
    ended = {key for key, names in known if any(name.endswith(wanted) for name in names)}
    return exactly or begun or (ended.pop() if len(ended) == 1 else None)
