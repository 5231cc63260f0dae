"""Leads as a table for a spreadsheet: read in steps, so that memory does not grow, and inert, so that no cell runs."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text

from crm.rules.inert import inert
from crm.uow import UnitOfWork

HEADER = (
    "ref", "name", "company", "title", "phone", "email", "wechat", "status", "stage", "owner", "pool", "source",
    "region", "product", "level", "amount", "currency", "origin", "score", "created", "contacted", "followed up",
    "closed", "lost reason",
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
           l.closed_at, l.lost_reason
    from lead l
    join person p on p.org_id = l.org_id and p.id = l.person_id
    left join member m on m.org_id = l.org_id and m.id = l.owner_id
    left join pool on pool.org_id = l.org_id and pool.id = l.pool_id
    left join source s on s.org_id = l.org_id and s.id = l.source_id
    where l.org_id = :org and l.id > :after and l.status <> 'void' and p.restricted_at is null
    order by l.id limit :step
    """
)


def rows(uow: UnitOfWork) -> Iterator[list[str]]:
    """Every lead of the organization, oldest first, as cells in the order of `HEADER`. For operators, not for chat."""
    after = 0
    while True:
        page = uow.session.execute(_PAGE, {"org": uow.org_id, "after": after, "step": STEP}).all()
        for row in page:
            yield [inert("" if cell is None else str(cell)) for cell in row[1:]]
        if len(page) < STEP:
            return
        after = page[-1][0]
