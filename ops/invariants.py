"""What must hold in every database of Sluice, as SQL that counts what breaks it: for drills, restores and upgrades."""

from __future__ import annotations

from sqlalchemy import Connection, text

INVARIANTS = {
    "a lead has at most one open assignment": """
        select count(*) from (
          select from assignment where ended_at is null group by org_id, lead_id having count(*) > 1)
    """,
    "an open lead's owner is whom its open assignment names": """
        select count(*) from lead l full join (select * from assignment where ended_at is null) a
          on a.org_id = l.org_id and a.lead_id = l.id
        where case when l.status = 'open' then l.owner_id end is distinct from a.member_id
    """,
    "no open lead is without owner and pool": """
        select count(*) from lead where status = 'open' and owner_id is null and pool_id is null
    """,
    "every ownership that was lost has a reason": """
        select count(*) from assignment where ended_at is not null
          and (ended_by is null or reason is null and ended_by in ('released', 'recycled'))
    """,
    "everybody holds what the ledger says": """
        select count(*) from rep_load r where r.holding <> (select count(*) from lead l
          where l.org_id = r.org_id and l.owner_id = r.member_id and l.status = 'open' and l.counts)
    """,
    "who was merged away has neither leads nor contact": """
        select count(*) from person p where p.merged_into is not null and (
          exists (select from person_key k where k.org_id = p.org_id and k.person_id = p.id)
          or exists (select from lead l where l.org_id = p.org_id and l.person_id = p.id))
    """,
    "no lead's number will be given again": """
        select count(*) from lead l left join pg_sequences s on s.schemaname = 'public'
          and s.sequencename = 'lead_number_' || l.org_id
        where l.number > coalesce(s.last_value, 0)
    """,
}


def broken(connection: Connection) -> dict[str, int]:
    """By the name of what does not hold, how often. The connection sees all tenants: it is the owner's."""
    found = {name: int(connection.scalar(text(question)) or 0) for name, question in INVARIANTS.items()}
    return {name: count for name, count in found.items() if count}
