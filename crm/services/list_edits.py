"""Values of lists: added, renamed, made one, retired, put in order. Each verb is one change that can be taken back.

Products, regions, levels, channels, campaigns, tags, lost reasons and choices are rows of `list_entry`; stages and
sources have tables of their own and take the same verbs as far as they make sense.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from crm.errors import MemberInactive
from crm.errors_of_catalogue import (
    EntryExists,
    EntryStays,
    EntryUnknown,
    EntryUnowned,
    ListUnknown,
    SourceByKey,
    StepNeeded,
)
from crm.rules import clean
from crm.rules.access import Actor
from crm.rules.catalogue import IN_CHINESE, LISTS, Catalogue, Entry, folded, told
from crm.services import catalogue, list_moves, members
from crm.services.list_journal import OWNED, Journal
from crm.uow import UnitOfWork

LONGEST, MOST = 80, 500
STEPS = ("new", "contacted", "qualified", "opportunity")
OWNED_LISTS = ("source", "channel", "campaign")
_INSERT = text(
    """
    insert into list_entry (org_id, list, key, name, name_zh, aliases, position, standard, created_at)
    values (:org, :list, :key, :name, :name_zh, :aliases, :position, false, :now) returning id
    """
)
# A stage stands in the pipeline of each line, before won and lost.
_INSERT_STAGE = text(
    """
    insert into stage (org_id, pipeline_id, key, name, name_zh, position, funnel, aliases)
    select :org, p.id, :key, :name, :name_zh, :position, :funnel, :aliases from pipeline p where p.org_id = :org
    returning id
    """
)
_STAGE_ROWS = text("select id from stage where org_id = :org and key = :key")
_ALL_STAGES = text("select id from stage where org_id = :org")


@dataclass(frozen=True, slots=True)
class New:
    """A value to be. `key` is what leads shall carry, else its name; `step` what a stage counts as."""

    name: str
    name_zh: str = ""
    aliases: tuple[str, ...] = ()
    key: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a verb did: `change` is for an undo (0: there was nothing to do), `leads` how many leads it wrote anew."""

    change: int
    list: str
    key: str = ""
    leads: int = 0


def list_named(lists: Catalogue, words: str) -> str:
    """The list that the words name: one of `LISTS`, or `custom.KEY` for a field's choices. Raises ListUnknown."""
    given = folded(words)
    for known, name in LISTS.items():
        if given in {folded(known), folded(name), folded(known).removesuffix("s")} | _ALSO[name]:
            return name
    field = lists.field(words)
    if field is None or field.kind not in ("choice", "choices"):
        names = ", ".join((*LISTS, "fields")).replace("_", " ")
        names_zh = "、".join((*IN_CHINESE.values(), "字段"))
        raise ListUnknown(given=words.strip()[:LONGEST], names=names, names_zh=names_zh)
    return field.list


def add(uow: UnitOfWork, *, actor: Actor | None, name: str, new: New) -> Changed:
    """A new value. Leads that carry it as words already carry it from now on; a retired one is taken up again.

    Args:
        name: the list.

    Raises: NotAllowed, EntryExists, SourceByKey, StepNeeded.
    """
    _allowed(actor)
    lists, called = catalogue.of(uow), clean.line(new.name, LONGEST)
    found = lists.find(name, new.key or called)
    if found is not None and found.retired:
        return retire(uow, actor=actor, name=name, words=found.key, back=True)
    if found is not None:
        raise EntryExists(given=called, name=found.name, **told(name))
    if name == "source":
        raise SourceByKey(given=called)
    journal, key = Journal(uow, actor, "added", name), _key(name, new.key or called)
    values: dict[str, Any] = {
        "org": uow.org_id, "key": key, "name": called, "name_zh": clean.line(new.name_zh, LONGEST),
        "aliases": _aliases(new.aliases), "now": uow.now,
    }  # fmt: skip
    if name == "stage":
        _add_stage(uow, journal, lists, values, new.step)
    else:
        row = uow.session.execute(_INSERT, values | {"list": name, "position": _after(lists.lists.get(name, ()))})
        journal.made.append(("list_entry", row.scalar_one()))
    moved = _gather(uow, journal, name, key, [called, new.name_zh, *new.aliases])
    return Changed(journal.close(), name, key, moved)


def insert_all(journal: Journal, name: str, values: Sequence[New]) -> None:
    """The first values of a list that has just come about, as a part of the change that made it."""
    for place, new in enumerate(values):
        row = {
            "org": journal.uow.org_id, "list": name, "key": new.key or new.name, "name": new.name,
            "name_zh": new.name_zh, "aliases": _aliases(new.aliases), "position": place, "now": journal.uow.now,
        }  # fmt: skip
        journal.made.append(("list_entry", journal.uow.session.execute(_INSERT, row).scalar_one()))


def rename(uow: UnitOfWork, *, actor: Actor | None, name: str, words: str, new: New) -> Changed:
    """Call a value otherwise, in one language or both; leads and rules keep its key, its former name stays an alias.

    Args:
        new: what is empty stays as it is; its aliases come on top.

    Raises: NotAllowed, EntryUnknown, EntryExists.
    """
    _allowed(actor)
    lists = catalogue.of(uow)
    entry = _one(lists, name, words)
    called, called_zh = clean.line(new.name, LONGEST) or entry.name, clean.line(new.name_zh, LONGEST) or entry.name_zh
    also = _aliases([*entry.aliases, *new.aliases, entry.name])
    for each in (called, called_zh, *also):
        taken = lists.find(name, each)
        if taken is not None and taken.key != entry.key:
            raise EntryExists(given=each, name=taken.name, **told(name))
    journal = Journal(uow, actor, "renamed", name)
    also = [alias for alias in also if alias not in {folded(called), folded(called_zh)}]
    _set(uow, journal, entry, {"name": called, "name_zh": called_zh, "aliases": also})
    moved = _gather(uow, journal, name, entry.key, [called, called_zh, *also])
    return Changed(journal.close(), name, entry.key, moved)


def merge(uow: UnitOfWork, *, actor: Actor | None, name: str, words: str, into: str) -> Changed:
    """Make two values one: every lead that carries the first carries the second, and so does whoever writes it.

    The first may also be words that leads carry and no list knows. Raises: NotAllowed, EntryUnknown, EntryStays.
    """
    _allowed(actor)
    lists = catalogue.of(uow)
    target, gone = _one(lists, name, into), lists.find(name, words)
    gone = None if gone is not None and gone.key == target.key else gone
    journal = Journal(uow, actor, "merged", name)
    also = [*target.aliases, *(gone.words if gone else {words})]
    _set(uow, journal, target, {"aliases": _aliases(also)})
    if gone is not None:
        _may_go(gone)
        # Its words lead to the other one from now on.
        _set(uow, journal, gone, {"aliases": [], **_put_away(uow, gone)})
    if name == "source":
        moved = journal.move(list_moves.of_source(uow, gone.id, target.id)) if gone else 0
    else:
        moved = _gather(uow, journal, name, target.key, [words, *(gone.words if gone else ())])
    return Changed(journal.close(), name, target.key, moved)


def retire(uow: UnitOfWork, *, actor: Actor | None, name: str, words: str, back: bool = False) -> Changed:
    """Offer a value no more; leads that carry it keep it. `back`: offer it again.

    Raises: NotAllowed, EntryUnknown, EntryStays.
    """
    _allowed(actor)
    entry = _one(catalogue.of(uow), name, words)
    if entry.retired is not back:
        return Changed(0, name, entry.key)
    if not back:
        _may_go(entry)
    journal = Journal(uow, actor, "taken_up" if back else "retired", name)
    _set(uow, journal, entry, _put_away(uow, entry, back=back))
    return Changed(journal.close(), name, entry.key)


def order(uow: UnitOfWork, *, actor: Actor | None, name: str, words: Sequence[str]) -> Changed:
    """Put these values first, in this order; the others follow as they stand. Raises: NotAllowed, EntryUnknown."""
    _allowed(actor)
    lists = catalogue.of(uow)
    first = list(dict.fromkeys(_one(lists, name, each) for each in words))
    rest = [entry for entry in lists.lists.get(name, ()) if entry not in first]
    journal = Journal(uow, actor, "ordered", name)
    for place, entry in enumerate([*first, *rest]):
        if entry.position != place and name != "source":
            _set(uow, journal, entry, {"position": place})
    return Changed(journal.close(), name)


def standard(uow: UnitOfWork, *, actor: Actor | None, name: str, words: str) -> Changed:
    """What a lead gets that names none; no words: nothing. Raises: NotAllowed, EntryUnknown, EntryStays."""
    _allowed(actor)
    lists = catalogue.of(uow)
    entry = _one(lists, name, words) if words.strip() else None
    if name in ("stage", "source"):
        raise EntryStays(name=entry.name if entry else name, **told(name))
    journal = Journal(uow, actor, "standard", name)
    for each in lists.lists.get(name, ()):
        if each.standard:
            _set(uow, journal, each, {"standard": False})
    if entry is not None:
        _set(uow, journal, entry, {"standard": True})
    return Changed(journal.close(), name, entry.key if entry else "")


def own(uow: UnitOfWork, *, actor: Actor | None, name: str, words: str, owner_id: int | None) -> Changed:
    """Say who looks after a source, channel or campaign; None: nobody by name.

    Raises: NotAllowed, EntryUnknown, EntryUnowned, MemberInactive.
    """
    _allowed(actor)
    entry = _one(catalogue.of(uow), name, words)
    if name not in OWNED_LISTS:
        raise EntryUnowned(**told(name))
    if owner_id is not None and not members.get(uow, owner_id).active:
        raise MemberInactive(member_id=owner_id)
    if entry.owner_id == owner_id:
        return Changed(0, name, entry.key)
    journal = Journal(uow, actor, OWNED, name)
    _set(uow, journal, entry, {"owner_id": owner_id})
    return Changed(journal.close(), name, entry.key)


def _allowed(actor: Actor | None) -> None:
    if actor is not None:
        actor.need("lists")


def _one(lists: Catalogue, name: str, words: str) -> Entry:
    found = lists.find(name, words)
    if found is None:
        raise EntryUnknown(**told(name), given=words.strip()[:LONGEST])
    return found


def _key(name: str, words: str) -> str:
    """What leads carry: the words as they were first given; steps of a pipeline and levels as they are kept today."""
    if name == "stage":
        return folded(words).replace(" ", "_")
    return words.upper() if name == "level" else words


def _aliases(given: Iterable[str]) -> list[str]:
    plain = (folded(clean.line(alias, LONGEST)) for alias in given)
    return list(dict.fromkeys(alias for alias in plain if alias))[:MOST]


def _after(entries: Sequence[Entry]) -> int:
    return max((entry.position for entry in entries), default=-1) + 1


def _gather(uow: UnitOfWork, journal: Journal, name: str, key: str, words: Iterable[str]) -> int:
    """Have leads that carry one of the words carry the key."""
    if name == "source":
        return 0
    said = {folded(each) for each in (key, *words)} - {""}
    return journal.move(list_moves.find(uow, name, words=said, key=key))


def _may_go(entry: Entry) -> None:
    if entry.list == "stage" and entry.funnel in ("new", "won", "lost"):
        raise EntryStays(name=entry.name, **told("stage"))


def _put_away(uow: UnitOfWork, entry: Entry, *, back: bool = False) -> dict[str, Any]:
    if entry.list == "source":
        return {"enabled": back}
    away = {"retired_at": None if back else uow.now}
    return away if back or entry.list == "stage" else away | {"standard": False}


def _set(uow: UnitOfWork, journal: Journal, entry: Entry, values: dict[str, Any]) -> None:
    table = entry.list if entry.list in ("stage", "source") else "list_entry"
    ids = [entry.id]
    if table == "stage":
        ids = list(uow.session.scalars(_STAGE_ROWS, {"org": uow.org_id, "key": entry.key}))
    journal.keep(table, ids)
    columns = ", ".join(f"{name} = :{name}" for name in values)
    statement = text(f"update {table} set {columns} where org_id = :org and id = any(:ids)")  # noqa: S608
    uow.session.execute(statement, {"org": uow.org_id, "ids": ids} | values)


def _add_stage(uow: UnitOfWork, journal: Journal, lists: Catalogue, values: dict[str, Any], step: str) -> None:
    if step not in STEPS:
        raise StepNeeded(given=values["name"])
    every = lists.lists.get("stage", ())
    before = [entry.position for entry in every if entry.funnel in STEPS[: STEPS.index(step) + 1]]
    place = max(before, default=-1) + 1
    journal.keep("stage", list(uow.session.scalars(_ALL_STAGES, {"org": uow.org_id})))
    later = text("update stage set position = position + 1 where org_id = :org and position >= :place")
    uow.session.execute(later, {"org": uow.org_id, "place": place})
    rows = uow.session.scalars(_INSERT_STAGE, values | {"position": place, "funnel": step})
    journal.made += [("stage", made) for made in rows]


_ALSO: dict[str, set[str]] = {
    "product": {"产品", "商品"}, "region": {"地区", "区域"}, "level": {"等级", "级别"}, "channel": {"渠道"},
    "campaign": {"活动"}, "tags": {"标签"}, "lost_reason": {"输单原因", "丢单原因", "原因", "reasons", "lost reasons"},
    "stage": {"阶段"}, "source": {"来源"},
}  # fmt: skip
