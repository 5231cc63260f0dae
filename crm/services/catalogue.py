"""The managed lists and own fields of a company, read once per transaction, and what forms may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text

from crm.rules.arrival import Checked
from crm.rules.catalogue import Catalogue, Entry, Field
from crm.rules.catalogue_fit import Unknown, fitted
from crm.uow import UnitOfWork

_KEPT = "catalogue"
# One statement, because whoever takes a lead in asks for it each time. A stage stands in every line's pipeline.
_READ = text(
    """
    select 'entry' as what, list, key, name, name_zh, aliases, position, standard, retired_at is not null as retired,
           id, cast(null as text) as kind, cast(null as text) as stage, false as sensitive, false as shown, owner_id
    from list_entry where org_id = :org
    union all
    select 'field', '', key, name, name_zh, aliases, position, false, retired_at is not null, id, kind, required_stage,
           sensitive, shown, null
    from custom_field where org_id = :org
    union all
    select * from (
        select distinct on (key) 'entry', 'stage', key, name, name_zh, aliases, position, false,
               retired_at is not null, id, cast(null as text), funnel, false, false, cast(null as bigint)
        from stage where org_id = :org order by key, pipeline_id
    ) s
    union all
    select 'entry', 'source', key, name, coalesce(name_zh, ''), aliases, row_number() over (order by id), false,
           not enabled, id, null, null, false, false, owner_id
    from source where org_id = :org
    order by position, id
    """
)


@dataclass(frozen=True, slots=True)
class FormField:
    """What a form may ask for: `name` is what the answer is posted as; `choices` as `(value, name, Chinese name)`.

    `kind`: text, number, amount, date, choice, choices or yes_no. `required`: no lead gets past its first stage
    without it.
    """

    name: str
    label: str
    label_zh: str
    kind: str
    required: bool
    choices: tuple[tuple[str, str, str], ...] = ()


def of(uow: UnitOfWork) -> Catalogue:
    """The lists as they stand."""
    kept = uow.session.info.get(_KEPT)
    if kept is None or kept[0] != uow.org_id:
        kept = uow.session.info[_KEPT] = (uow.org_id, _read(uow))
    found: Catalogue = kept[1]
    return found


def keep(uow: UnitOfWork, known: Catalogue) -> None:
    """These are the lists as they stand."""
    uow.session.info[_KEPT] = (uow.org_id, known)


def forget(uow: UnitOfWork) -> None:
    """The lists were changed in this transaction."""
    uow.session.info.pop(_KEPT, None)


def form_fields(uow: UnitOfWork, names: Sequence[str] = ()) -> list[FormField]:
    """What a form may ask a visitor beside contact data: the managed product and region, and the company's own fields.

    Sensitive fields are left out unless they are named.

    Args:
        names: only these, in this order: `product`, `region` or keys of fields.
    """
    lists = of(uow)
    every = [*_listed(lists), *(_own(lists, one) for one in lists.open_fields if names or not one.sensitive)]
    known = {one.name: one for one in every}
    return [known[name] for name in names if name in known] if names else every


def fit(uow: UnitOfWork, checked: Checked) -> Checked:
    """The arrival in the words of the lists."""
    return fitted(of(uow), checked)[0]


def unknown(uow: UnitOfWork, checked: Checked) -> tuple[Unknown, ...]:
    """What of an arrival the lists do not know."""
    return fitted(of(uow), checked)[1]


def _read(uow: UnitOfWork) -> Catalogue:
    lists: dict[str, list[Entry]] = {}
    fields: list[Field] = []
    for row in uow.execute(_READ, {"org": uow.org_id}):
        if row.what == "field":
            fields.append(_field(row))
        else:
            lists.setdefault(row.list, []).append(_entry(row))
    return Catalogue(lists, fields)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(
        row.id, row.list, row.key, row.name, row.name_zh, tuple(row.aliases), row.position, row.standard, row.retired,
        row.stage, row.owner_id,
    )  # fmt: skip


def _field(row: Row[tuple[object, ...]]) -> Field:
    return Field(
        row.id, row.key, row.name, row.name_zh, row.kind, tuple(row.aliases), row.stage, row.sensitive, row.shown,
        row.position, row.retired,
    )  # fmt: skip


def _listed(lists: Catalogue) -> list[FormField]:
    labels = {"product": ("Product", "产品"), "region": ("Region", "地区")}
    return [
        FormField(name, *labels[name], "choice", required=False, choices=_choices(lists, name))
        for name in labels
        if lists.is_managed(name)
    ]


def _own(lists: Catalogue, one: Field) -> FormField:
    first = next((stage.key for stage in lists.offered("stage")), None)
    required = one.required_stage is not None and one.required_stage == first
    return FormField(one.key, one.name, one.name_zh or one.name, one.kind, required, _choices(lists, one.list))


def _choices(lists: Catalogue, name: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((entry.key, entry.called("en"), entry.called("zh")) for entry in lists.offered(name))
