"""Leads that carry one value of a list are given another, set by set; what each carried before is kept for an undo."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from crm.rules.catalogue import CHOICES, Catalogue, Field, folded
from crm.rules.catalogue_values import NotThat, read
from crm.services import rules_admin, scoring
from crm.uow import UnitOfWork

Move = tuple[int, Any, Any]
SHOWN_AGAIN = 200  # cards of so many leads are shown anew; of more, whoever opens one sees it

_FOLD = r"btrim(lower(regexp_replace(normalize({0}, NFKC), '[\s_-]+', ' ', 'g')))"
_COLUMNS = ("product", "region", "level", "channel", "campaign", "lost_reason", "stage")
_FIND = """
    select l.id, {old} as old, {new} as new from lead l
    where l.org_id = :org and {hit} order by l.id for no key update
"""
_WRITE = """
    update lead l set {column} = {new}
    from jsonb_to_recordset(cast(:moves as jsonb)) as r(id bigint, old jsonb, new jsonb)
    where l.org_id = :org and l.id = r.id and to_jsonb(l.{column}) is not distinct from r.old
    returning l.id
"""
_NEW = {
    "tags": "array(select jsonb_array_elements_text(r.new))",
    "custom": "r.new",
    "source_id": "cast(r.new #>> '{}' as bigint)",
}
_TAGS = f"""
    array(select said.tag from (
        select case when {_FOLD.format("t.tag")} = any(:words) then :key else t.tag end as tag, min(t.at) as at
        from unnest(l.tags) with ordinality as t(tag, at) group by 1) said order by said.at)
"""  # noqa: S608
_CHOICE = f"""
    jsonb_set(l.custom, array[:field], case jsonb_typeof(l.custom -> :field)
        when 'array' then (
            select jsonb_agg(distinct case when {_FOLD.format("v.value")} = any(:words) then :key else v.value end)
            from jsonb_array_elements_text(l.custom -> :field) v)
        else to_jsonb(cast(:key as text)) end)
"""  # noqa: S608
_HAS_CHOICE = f"""
    l.custom ? :field and case jsonb_typeof(l.custom -> :field)
        when 'array' then exists (
            select from jsonb_array_elements_text(l.custom -> :field) v
            where {_FOLD.format("v.value")} = any(:words) and v.value <> :key)
        else {_FOLD.format("(l.custom ->> :field)")} = any(:words) and l.custom ->> :field <> :key end
"""
_WITH_FIELD = text(
    f"""
    select l.id, l.custom from lead l
    where l.org_id = :org and l.custom <> '{{}}' and exists (
        select from jsonb_object_keys(l.custom) k where {_FOLD.format("k")} = any(:words))
    order by l.id for no key update
    """  # noqa: S608
)


def find(uow: UnitOfWork, name: str, *, words: Iterable[str], key: str) -> list[Move]:
    """Leads that carry one of the words in this list, and what they shall carry instead.

    Args:
        name: of the list, as `LISTS` has it, or `custom.KEY`; not sources, whose leads carry a number.
        words: folded; `key`: the value they stand for.
    """
    args = {"org": uow.org_id, "words": sorted(set(words)), "key": key, "field": name.removeprefix(CHOICES)}
    rows = uow.session.execute(_finding(name), args)
    return [(row.id, row.old, row.new) for row in rows]


def of_source(uow: UnitOfWork, old: int, new: int) -> list[Move]:
    """Leads of one source that shall be another's."""
    found = text("select id from lead where org_id = :org and source_id = :old order by id for no key update")
    return [(lead, old, new) for lead in uow.session.scalars(found, {"org": uow.org_id, "old": old})]


def of_field(uow: UnitOfWork, catalogue: Catalogue, field: Field) -> list[Move]:
    """Leads to which senders have sent what is a field from now on: under its key, and typed where it can be."""
    words = sorted(field.words)
    rows = uow.session.execute(_WITH_FIELD, {"org": uow.org_id, "words": words})
    moves = ((row.id, row.custom, _adopted(catalogue, field, row.custom)) for row in rows)
    return [(lead, old, new) for lead, old, new in moves if old != new]


def column_of(name: str) -> str:
    """The lead's column in which the values of a list stand."""
    if name.startswith(CHOICES) or name == "field":
        return "custom"
    return "source_id" if name == "source" else name


def write(uow: UnitOfWork, name: str, moves: Sequence[Move]) -> list[int]:
    """Give each lead its new value, unless it has another one by now. Scores and clocks follow. Returns their ids."""
    if not moves:
        return []
    column = column_of(name)
    statement = text(_WRITE.format(column=column, new=_NEW.get(column, "r.new #>> '{}'")))
    told = json.dumps([{"id": lead, "old": old, "new": new} for lead, old, new in moves])
    written = list(uow.session.scalars(statement, {"org": uow.org_id, "moves": told}))
    uow.touch(*written[:SHOWN_AGAIN])
    uow.defer(scoring.order(uow))
    uow.defer(rules_admin.refresh_order(uow))
    return written


def _finding(name: str) -> TextClause:
    if name.startswith(CHOICES):
        return text(_FIND.format(old="l.custom", new=_CHOICE, hit=_HAS_CHOICE))
    if name == "tags":
        hit = f"exists (select from unnest(l.tags) t where {_FOLD.format('t')} = any(:words) and t <> :key)"
        return text(_FIND.format(old="to_jsonb(l.tags)", new=f"to_jsonb({_TAGS})", hit=hit))
    column = _COLUMNS[_COLUMNS.index(name)]
    hit = f"{_FOLD.format(f'l.{column}')} = any(:words) and l.{column} <> :key"
    return text(_FIND.format(old=f"to_jsonb(l.{column})", new="to_jsonb(cast(:key as text))", hit=hit))


def _adopted(catalogue: Catalogue, field: Field, custom: dict[str, Any]) -> dict[str, Any]:
    return {(field.key if folded(name) in field.words else name): _typed(catalogue, field, name, value)
            for name, value in custom.items()}  # fmt: skip


def _typed(catalogue: Catalogue, field: Field, name: str, value: Any) -> Any:
    """What is of another kind than the field stays as it was sent."""
    if folded(name) not in field.words or not isinstance(value, str):
        return value
    try:
        return read(catalogue, field, value)
    except NotThat:
        return value
