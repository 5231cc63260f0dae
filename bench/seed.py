"""A company of any size in seconds, by set-based SQL: material for measuring, not a story like the demo's.

Leads are spread over 90 days, twenty products and the reps of as many teams; a third lies in the pool, the rest is
owned, won or lost, with assignments and timelines that agree with that. Each team has a dispatch rule for its product.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import create_engine, text

from crm.db import Database
from crm.vault import Vault
from ops import company_file, init_company

REPS, TEAMS, LEADS_OF_A_REP = 40, 20, 2000
VAULT_KEY = "a key for measuring only"
_LEADS = (
    """
    insert into person (org_id, name, company, title, note, created_at)
    select :org, 'Person ' || n, 'Company ' || n % 5000, '', '', :now - random() * interval '90 days'
    from generate_series(1, :many) n
    """,
    """
    insert into person_key (org_id, person_id, kind, value)
    select :org, id, 'phone', '+8613' || lpad(id::text, 9, '0') from person where org_id = :org
    """,
    """
    insert into lead (org_id, number, person_id, line_id, status, stage, owner_id, pool_id, source_id, origin, score,
        tags, custom, version, created_at, pool_entered_at, assigned_at, contacted_at, followed_up_at, stage_entered_at,
        closed_at, recycle_at, warn_step, extensions, touches, product)
    select :org, sluice_next_numbers(:org, 1), f.id, line.id, f.status, f.stage,
           case when f.owned then (:reps::bigint[])[1 + f.id % :rep_count] end, pool.id, source.id, 'company',
           (f.id * 7 % 100)::int, '{}', '{}', 1, f.created_at, case when not f.owned then f.created_at end,
           case when f.owned then f.created_at + interval '10 minutes' end,
           case when f.stage <> 'new' then f.created_at + f.luck * interval '2 days' end,
           case when f.stage <> 'new' then f.created_at + f.luck * interval '2 days' end, f.created_at,
           case when f.status <> 'open' then f.created_at + interval '9 days' end,
           case when f.owned and f.status = 'open' then :now + (1 + f.luck * 20) * interval '1 day' end, 0, 0, 1,
           'p' || f.id / 40 % 20
    from (
        select p.id, p.created_at, p.luck, p.luck > 0.33 as owned,
               case when p.luck > 0.92 then 'won' when p.luck > 0.80 then 'lost' else 'open' end as status,
               case when p.luck > 0.92 then 'won' when p.luck > 0.80 then 'lost' when p.luck > 0.70 then 'quote'
                    when p.luck > 0.55 then 'qualified' when p.luck > 0.40 then 'contacted' else 'new' end as stage
        from (select id, created_at, random() as luck from person where org_id = :org) p
    ) f, line, pool, source
    where line.org_id = :org and pool.org_id = :org and pool.key = 'open' and source.org_id = :org
    """,
    """
    insert into assignment (org_id, lead_id, member_id, began_at, began_by, ended_at, ended_by)
    select :org, id, owner_id, assigned_at, 'dispatch', closed_at,
           case status when 'won' then 'converted' when 'lost' then 'lost' end
    from lead where org_id = :org and owner_id is not null
    """,
    """
    insert into activity (org_id, lead_id, actor_id, verb, at, data)
    select :org, l.id, l.owner_id, step.verb, l.created_at + step.days * interval '1 day', step.data::jsonb
    from lead l
    join (values ('created', 0, 0, '{}'), ('dispatched', 1, 0, '{}'),
                 ('logged', 2, 1, '{"outcome": null, "stage": "contacted"}'),
                 ('logged', 3, 2, '{"outcome": null, "stage": null}'), ('stage', 3, 3, '{"to": "qualified"}'),
                 ('logged', 4, 4, '{"outcome": null, "stage": null}'), ('stage', 4, 6, '{"to": "quote"}'),
                 ('won', 5, 9, '{}'), ('lost', 6, 9, '{}')) as step (verb, step, days, data)
      on step.step <= case l.stage when 'contacted' then 2 when 'qualified' then 3 when 'quote' then 4 when 'won' then 5
                                   when 'lost' then 3 else (l.owner_id is not null)::int end
         or (step.step = 6 and l.stage = 'lost')
    where l.org_id = :org
    """,
    """
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    select :org, m.id, count(l.id), current_date, 0, current_date, 0, 0
    from member m left join lead l on l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open'
    where m.org_id = :org group by m.id
    """,
)


@dataclass(frozen=True, slots=True)
class Seeded:
    """An organization to measure on; its chat ids are made of `key`, see `_company`."""

    org_id: int
    key: str
    reps: tuple[int, ...]
    pool_id: int


def seed(database: Database, many: int, *, key: str = "bench") -> Seeded:
    """Make an organization with that many leads; about two minutes for a million on two cores."""
    company = _company(key, max(REPS, many // LEADS_OF_A_REP))
    org_id = init_company.load(database, Vault(VAULT_KEY), company_file.parse(company)).org_id
    owner = create_engine(database.url)
    with owner.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # foreign keys hold by construction
        connection.execute(text("select set_config('sluice.org_id', :org, true)"), {"org": str(org_id)})
        reps = tuple(
            connection.scalars(text("select id from member where org_id = :o and role = 'rep'"), {"o": org_id})
        )
        args = {"org": org_id, "now": database.time(), "many": many, "reps": list(reps), "rep_count": len(reps)}
        for statement in _LEADS:
            connection.execute(text(statement.replace("::", "\\:\\:")), args)
        pool_id = connection.execute(
            text("select id from pool where org_id = :o and key = 'open'"), {"o": org_id}
        ).scalar_one()
    owner.dispose()
    return Seeded(org_id, key, reps, int(pool_id))


def _company(key: str, reps: int) -> str:
    teams = "".join(f"  - {{key: team-{n}, name: Team {n}, parent: company}}\n" for n in range(TEAMS))
    reps = "".join(
        f"  - {{name: Rep {n:02}, team: team-{n % TEAMS}, slack: U{key}{n}, wecom: {key}{n}, email: r{n}@b.example}}\n"
        for n in range(reps)
    )
    rules = "".join(
        f"    - name: product {n}\n      when: {{field: product, value: p{n}}}\n      to: {{departments: [team-{n}]}}\n"
        "      caps: {per_day: 100000}\n      working_hours: false\n"
        for n in range(TEAMS)
    )
    return f"""
organization: {{key: {key}, name: Bench}}
calendar: {{opens: "00:00", closes: "00:00", weekdays: [1, 2, 3, 4, 5, 6, 7]}}
workspaces:
  slack: {{team: T{key}, bot_token: xoxb-bench}}
  wecom: {{corp_id: ww{key}, agent_id: "1000002", secret: s, token: token, aes_key: {"k" * 43}}}
departments:
  - {{key: company, name: Company}}
{teams}members:
  - {{name: Ada, role: admin, team: company, email: ada@bench.example}}
{reps}pools:
  - {{key: open, name: Open}}
sources:
  - {{key: web, name: Web, pool: open}}
rules: |
  claim:
    per_day: null
    cool_down: 0h
    capacity: {{default: 1000000}}
  breaker: {{share: 1}}
  dispatch:
{rules}"""
