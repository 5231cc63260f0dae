"""Leads as a table for a spreadsheet: read in steps, so that memory does not grow, and inert, so that no cell runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from crm.rules.catalogue import Catalogue, Field
from crm.rules.inert import inert
from crm.services import catalogue
from crm.uow import UnitOfWork

HEADER = (
    "ref", "name", "company", "title", "phone", "email", "wechat", "status", "stage", "owner", "pool", "source",
    "region", "product", "level", "amount", "currency", "origin", "score", "created", "contacted", "followed up",
    "closed", "lost reason", "tags",
)  # fmt: skip
STEP = 2_000
_PAGE = text(
    """
    select l.id, 'L-' || l.number, p.name, p.company, p.title,
           (select string_agg(k.value, ' / ' order by k.id) from person_key k
             where k.org_id = p.org_id and k.person_id = p.id and k.kind = 'phone'),
           (select string_agg(k.value, ' / ' order by k.id) from person_key k
             where k.org_id = p.org_id and k.person_id = p.id and k.kind = 'email'),
           (select string_agg(k.value, ' / ' order by k.id) from person_key k
             where k.org_id = p.org_id and k.person_id = p.id and k.kind = 'wechat'),
           l.status, l.stage, m.name, case when l.owner_id is null then pool.name end, s.name, l.region, l.product,
           l.level, l.amount, l.currency, l.origin, l.score, l.created_at, l.contacted_at, l.followed_up_at,
           l.closed_at, l.lost_reason, l.tags, l.custom
    from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join member m on m.org_id = l.org_id and m.id = l.owner_id
    left join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.id > :after and l.status <> 'void' and p.restricted_at is null
    order by l.id limit :step
    """
)


def header(uow: UnitOfWork) -> tuple[str, ...]:
    """The names of the columns: those of every company, and its own fields."""
    return (*HEADER, *(one.called("en") for one in catalogue.of(uow).fields))


def rows(uow: UnitOfWork) -> Iterator[list[str]]:
    """Every lead of the organization, oldest first, as cells in the order of `header`. For operators, not for chat."""
    lists, after = catalogue.of(uow), 0
    while True:
        page = uow.session.execute(_PAGE, {"org": uow.org_id, "after": after, "step": STEP}).all()
        for row in page:
            *cells, tags, custom = row[1:]
            own = (_told(lists, one, custom.get(one.key)) for one in lists.fields)
            yield [inert("" if cell is None else str(cell)) for cell in (*cells, " / ".join(tags), *own)]
        if len(page) < STEP:
            return
        after = page[-1][0]


def _told(lists: Catalogue, field: Field, value: Any) -> str:
    """A field's value as people write it; choices by their names."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) or field.kind == "choice":
        every = value if isinstance(value, list) else [value]
        return " / ".join(lists.called(field.list, str(each), "en") for each in every if each is not None)
    return "" if value is None else str(value)
