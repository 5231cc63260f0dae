"""A company's own fields: added, changed and retired, each as one change that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from crm.errors_of_catalogue import EntryExists, EntryUnknown, FieldUnknown, KindUnknown
from crm.rules import clean, fields
from crm.rules.access import Actor
from crm.rules.catalogue import CHOICES, KINDS, Field, folded, told
from crm.services import catalogue, list_edits, list_moves
from crm.services.list_edits import LONGEST, Changed, New
from crm.services.list_journal import Journal
from crm.uow import UnitOfWork

LIST = "field"
_INSERT = text(
    """
    insert into custom_field (org_id, key, name, name_zh, aliases, kind, required_stage, sensitive, shown, position,
                              created_at)
    values (:org, :key, :name, :name_zh, :aliases, :kind, :required_stage, :sensitive, :shown, :position, :now)
    returning id
    """
)
_KIND_WORDS = {
    "文本": "text", "数字": "number", "金额": "amount", "money": "amount", "日期": "date", "单选": "choice",
    "select": "choice", "多选": "choices", "several": "choices", "several choices": "choices", "是否": "yes_no",
    "yes no": "yes_no", "yes/no": "yes_no", "boolean": "yes_no",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to be. `kind` as people say it; `required`: a stage that no lead enters without it."""

    name: str
    kind: str
    name_zh: str = ""
    key: str = ""
    aliases: tuple[str, ...] = ()
    required: str = ""
    sensitive: bool = False
    shown: bool = True
    choices: tuple[New, ...] = ()


def add(uow: UnitOfWork, *, actor: Actor | None, new: NewField) -> Changed:
    """A new field. What senders have put on leads under its name until now becomes its value.

    Raises: NotAllowed, EntryExists, KindUnknown, EntryUnknown for a stage.
    """
    _allowed(actor)
    lists, called = catalogue.of(uow), clean.line(new.name, LONGEST)
    own = clean.line(new.key, LONGEST) or folded(called).replace(" ", "_")
    found = lists.field(own) or lists.field(called)
    if found is not None and found.retired:
        return change(uow, actor=actor, words=found.key, retired=False)
    taken = found.name if found else fields.field_of(called)
    if taken is not None:
        raise EntryExists(given=called, name=taken, list="fields", list_zh="字段")
    journal = Journal(uow, actor, "added", LIST)
    values = {
        "org": uow.org_id, "key": own, "name": called, "name_zh": clean.line(new.name_zh, LONGEST),
        "aliases": _folded(new.aliases), "kind": kind_of(new.kind), "required_stage": _stage(uow, new.required),
        "sensitive": new.sensitive, "shown": new.shown, "position": len(lists.fields), "now": uow.now,
    }  # fmt: skip
    journal.made.append(("custom_field", uow.session.execute(_INSERT, values).scalar_one()))
    list_edits.insert_all(journal, CHOICES + own, new.choices)
    catalogue.forget(uow)
    return _closed(uow, journal, own)


def change(uow: UnitOfWork, *, actor: Actor | None, words: str, **values: Any) -> Changed:
    """Change a field.

    Args:
        values: any of `name`, `name_zh`, `aliases`, `kind`, `required` (a stage, "" for none), `sensitive`, `shown`,
            `position`, `retired`.

    Raises: NotAllowed, FieldUnknown, KindUnknown, EntryUnknown for a stage.
    """
    _allowed(actor)
    found = get(uow, words)
    columns = {name: _column(uow, name, value) for name, value in values.items()}
    journal = Journal(uow, actor, "changed", LIST)
    journal.keep("custom_field", [found.id])
    written = {_NAMED.get(name, name): value for name, value in columns.items()}
    if "name" in written and "aliases" not in written:
        written["aliases"] = _folded([*found.aliases, found.name])
    settings = ", ".join(f"{name} = :{name}" for name in written)
    statement = text(f"update custom_field set {settings} where org_id = :org and id = :id")  # noqa: S608
    uow.session.execute(statement, {"org": uow.org_id, "id": found.id} | written)
    catalogue.forget(uow)
    return _closed(uow, journal, found.key)


def get(uow: UnitOfWork, words: str) -> Field:
    """The field that the words name. Raises FieldUnknown."""
    lists = catalogue.of(uow)
    found = lists.field(words)
    if found is None:
        names = ", ".join(one.name for one in lists.open_fields) or "-"
        raise FieldUnknown(given=words.strip()[:LONGEST], names=names)
    return found


def kind_of(words: str) -> str:
    """The kind that the words name. Raises KindUnknown."""
    given = folded(words)
    found = _KIND_WORDS.get(given, given.replace(" ", "_"))
    if found not in KINDS:
        raise KindUnknown(given=words.strip()[:LONGEST])
    return found


_NAMED = {"required": "required_stage", "retired": "retired_at"}


def _column(uow: UnitOfWork, name: str, value: Any) -> Any:
    match name:
        case "kind":
            return kind_of(value)
        case "required":
            return _stage(uow, value)
        case "aliases":
            return _folded(value)
        case "retired":
            return uow.now if value else None
    return clean.line(value, LONGEST) if isinstance(value, str) else value


def _closed(uow: UnitOfWork, journal: Journal, key: str) -> Changed:
    """Have leads carry under the key what they carry under another of the field's names, and write the change down."""
    lists = catalogue.of(uow)
    field = lists.field(key)
    moved = journal.move(list_moves.of_field(uow, lists, field)) if field else 0
    return Changed(journal.close(), LIST, key, moved)


def _stage(uow: UnitOfWork, words: str) -> str | None:
    if not words:
        return None
    lists, given = catalogue.of(uow), folded(words)
    # People say 已报价 where the company wrote 报价, and the other way round.
    alike = [one for one in lists.offered("stage") if any(given in word or word in given for word in one.words)]
    found = lists.find("stage", words) or (alike[0] if len(alike) == 1 else None)
    if found is None:
        raise EntryUnknown(**told("stage"), given=words)
    return found.key


def _folded(aliases: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, (folded(clean.line(alias, LONGEST)) for alias in aliases))))


def _allowed(actor: Actor | None) -> None:
    if actor is not None:
        actor.need("lists")
