"""The release before, as its processes wrote: data and statements of schema 0013, with the columns that they named.

It never changes, whatever becomes of the schema; the next release adds its own beside it.
"""

from __future__ import annotations

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import Engine

from crm.db import APP_ROLE

REVISION = "0013"
COMPANY = """
    insert into organization (id, key, name, timezone, locale, created_at) overriding system value values (:o,
        'org-' || :o, 'Acme', 'Asia/Shanghai', 'en', now());
    select sluice_open_organization(:o);
    insert into department (org_id, key, name, path) values (:o, 'north', 'North', '{1}');
    insert into member (org_id, name, role, active, on_duty, tags, preferences, joined_at, department_id, email)
        select :o, 'Rep ' || g, 'rep', true, true, '{}', '{}', now(), d.id, g || '@acme.example' from
        generate_series(1, 5) g, department d where d.org_id = :o;
    insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day) select :o,
        id, 0, current_date, 0, current_date, 0, 0 from member where org_id = :o;
    insert into pool (org_id, key, name, created_at) values (:o, 'open', 'Open', now());
    insert into line (org_id, key, name) values (:o, 'main', 'Main');
    insert into pipeline (org_id, line_id, name) select :o, id, 'Main' from line where org_id = :o;
    insert into stage (org_id, pipeline_id, key, name, name_zh, position, funnel) select :o, p.id, k, k, k, n, k
        from pipeline p, unnest(array['new', 'contacted', 'won', 'lost']) with ordinality s(k, n) where p.org_id = :o;
    insert into source (org_id, key, name, kind, secret, enabled, created_at, accepted, rejected) values (:o,
        'web', 'Website', 'keyed', '', true, now(), 0, 0);
"""
# One lead with all that goes along, as it comes in and is claimed. `:n` is its number.
LEAD = """
    insert into person (org_id, name, company, title, note, created_at) values (:o, '王芳 ' || :n, 'Acme ' || :n,
        '', '', now());
    insert into person_key (org_id, person_id, kind, value) select :o, max(id), 'phone', '+86138' || lpad(cast(:n
        as text), 8, '0') from person where org_id = :o;
    insert into lead (org_id, number, person_id, line_id, pool_id, source_id, status, stage, origin, score, tags,
        custom, version, created_at, pool_entered_at, stage_entered_at, warn_step, extensions, touches) select :o, :n,
        (select max(id) from person where org_id = :o), l.id, p.id, s.id, 'open', 'new', 'company', :n % 9,
        array['hot'], '{"budget": 5}', 1, now(), now(), now(), 0, 0, 1 from line l, pool p, source s where l.org_id =
        :o and p.org_id = :o and s.org_id = :o;
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data) select :o, max(id), null, 'created',
        now(), 'wants a quote', '{}' from lead where org_id = :o;
    with best as (select id, (select min(id) + :n % 5 from member where org_id = :o) as taker from lead where
        org_id = :o and owner_id is null and status = 'open' order by id desc limit 1 for no key update), taken as
        (update lead l set owner_id = b.taker, assigned_at = now(), version = l.version + 1 from best b where l.org_id
        = :o and l.id = b.id returning l.id, l.owner_id), told as (insert into activity (org_id, lead_id, actor_id,
        verb, at, data) select :o, id, owner_id, 'claimed', now(), '{}' from taken), held as (insert into assignment
        (org_id, lead_id, member_id, began_at, began_by) select :o, id, owner_id, now(), 'claim' from taken) update
        rep_load r set holding = r.holding + 1 from taken t where r.org_id = :o and r.member_id = t.owner_id;
    insert into task (org_id, lead_id, member_id, due_at, words, state, created_at, version) select :o, id,
        owner_id, now(), 'call back', 'open', now(), 1 from lead where org_id = :o and number = :n;
    insert into message (org_id, topic, key, member_id, card, state, attempt, created_at, due_at) select :o,
        'tour', 'k' || :n, owner_id, '{}', 'sent', 1, now(), now() from lead where org_id = :o and number = :n;
"""

# Many such leads at once, half of them owned, as they lay there after a while. From `:a` to `:b`.
MANY = """
    insert into person (org_id, name, company, title, note, created_at) select :o, '王芳 ' || n, 'Acme ' || n, '', '',
        now() from generate_series(cast(:a as int), cast(:b as int)) n;
    insert into person_key (org_id, person_id, kind, value) select :o, id, 'phone', '+86138' || lpad(substr(company,
        6), 8, '0') from person where org_id = :o and cast(substr(company, 6) as int) >= :a;
    insert into lead (org_id, number, person_id, line_id, pool_id, source_id, status, stage, origin, score, tags,
        custom, version, created_at, pool_entered_at, stage_entered_at, warn_step, extensions, touches, owner_id,
        assigned_at) select :o, n, r.id, l.id, p.id, s.id, 'open', 'new', 'company', n % 9, array['hot'],
        '{"budget": 5}', 1, now(), now(), now(), 0, 0, 1, m.id, case when m.id is not null then now() end
        from (select id, cast(substr(company, 6) as int) as n from person where org_id = :o) r
        join line l on l.org_id = :o join pool p on p.org_id = :o join source s on s.org_id = :o
        left join (select id, row_number() over (order by id) - 1 as place from member where org_id = :o) m
        on m.place * 2 = r.n % 10 where r.n >= :a;
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data) select :o, id, null, 'created', now(),
        'wants a quote', '{}' from lead where org_id = :o and number >= :a;
    insert into activity (org_id, lead_id, actor_id, verb, at, data) select :o, id, owner_id, 'claimed', now(), '{}'
        from lead where org_id = :o and number >= :a and owner_id is not null;
    insert into activity (org_id, lead_id, actor_id, verb, at, words, data) select :o, id, owner_id, 'logged', now(),
        'rang, nobody there', '{}' from lead, generate_series(1, 2) where org_id = :o and number >= :a
        and owner_id is not null;
    insert into assignment (org_id, lead_id, member_id, began_at, began_by) select :o, id, owner_id, now(), 'claim'
        from lead where org_id = :o and number >= :a and owner_id is not null;
    update rep_load r set holding = r.holding + t.many from (select owner_id, count(*) as many from lead where org_id =
        :o and number >= :a and owner_id is not null group by 1) t where r.org_id = :o and r.member_id = t.owner_id;
"""


class OldProcess:
    """A process of that release: the application's role, one organization, its own statements."""

    def __init__(self, url: str, org_id: int) -> None:
        self.engine: Engine = create_engine(url, connect_args={"options": f"-c role={APP_ROLE}"})
        self.org_id = org_id

    def leads(self, first: int, last: int) -> None:
        """Leads with these numbers come in and are claimed, one transaction each."""
        for number in range(first, last + 1):
            with self.engine.begin() as connection:
                enter(connection, self.org_id)
                _run(connection, LEAD, {"o": self.org_id, "n": number})

    def many(self, first: int, last: int) -> None:
        """The same at once, as they lay there after a while."""
        with self.engine.begin() as connection:
            enter(connection, self.org_id)
            _run(connection, MANY, {"o": self.org_id, "a": first, "b": last})

    def close(self) -> None:
        self.engine.dispose()


def open_company(connection: Connection, org_id: int) -> None:
    """As the owner of the database."""
    enter(connection, org_id)
    _run(connection, COMPANY, {"o": org_id})


def enter(connection: Connection, org_id: int) -> None:
    connection.execute(text("select set_config('sluice.org_id', cast(:o as text), true)"), {"o": org_id})


def _run(connection: Connection, statements: str, args: dict[str, int]) -> None:
    for statement in statements.split(";")[:-1]:
        connection.execute(text(statement), args)
