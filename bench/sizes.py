"""What a million leads weigh: tables with their indexes, as PostgreSQL keeps them.

Whatever was seeded is measured, and told as if it were a million: rows grow with leads, and so do their indexes.
"""

from __future__ import annotations

from sqlalchemy import text

from bench.frame import Env, Figure

LEADS, NAMED = 1_000_000, 6
_SIZES = text(
    """
    select c.relname as name, pg_table_size(c.oid) as rows, pg_indexes_size(c.oid) as indexes
    from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
    order by pg_total_relation_size(c.oid) desc
    """
)
_MANY = text("select count(*) from lead where org_id = :org")


def run(env: Env) -> list[Figure]:
    """The heaviest tables one by one, and everything together."""
    database, seeded = env.company(LEADS)
    with database.begin(seeded.org_id) as uow:
        many = uow.session.scalar(_MANY, {"org": seeded.org_id}) or 1
        found = uow.session.execute(_SIZES).all()
    mega = LEADS / many / 1024 / 1024
    figures = [
        Figure(f"a million leads: {name}, with indexes", (rows + indexes) * mega, "MB")
        for name, rows, indexes in found[:NAMED]
    ]
    return [
        *figures,
        Figure("a million leads: all tables", sum(rows for _, rows, _ in found) * mega, "MB"),
        Figure("a million leads: all indexes", sum(indexes for _, _, indexes in found) * mega, "MB"),
    ]
