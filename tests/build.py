"""A small company for tests, made by inserts: two teams, their reps and managers, two pools, one source, one line.

`company(database)` makes an organization of its own, so tests may share a database. Times start at `NOW`, a Wednesday
at ten in the morning in Shanghai; a driven clock at `NOW` is `build.clock()`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import cache
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import TextClause, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.psycopg import dialect

from crm.clock import DrivenClock
from crm.db import Database
from crm.models import (
    Conversation,
    Lead,
    Organization,
    RuleSet,
    Task,
)
from crm.uow import UnitOfWork
from crm.vault import Vault

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
NEVER = datetime(2199, 1, 1, tzinfo=UTC)
SECRET = "a secret key that tests know"
PLATFORMS = ("slack", "wecom", "playground")
STAGES = (
    ("new", "New", "新线索", "new"),
    ("contacted", "Contacted", "已联系", "contacted"),
    ("qualified", "Qualified", "有意向", "qualified"),
    ("quote", "Quote", "报价", "opportunity"),
    ("won", "Won", "成交", "won"),
    ("lost", "Lost", "输单", "lost"),
)
# name: (display name, role, department)
PEOPLE = {
    "ada": ("Ada Admin", "admin", "company"),
    "mia": ("Mia Manager", "manager", "north"),
    "max": ("Max Manager", "manager", "south"),
    "ann": ("Ann Li", "rep", "north"),
    "bob": ("Bob Chen", "rep", "north"),
    "cyd": ("Cyd 王", "rep", "south"),
    "dan": ("Dan 赵", "rep", "south"),
}
MANAGERS = {"north": "mia", "south": "max"}
_VAULT = Vault(SECRET)
# All that a company is made of by one statement, since it is made for nearly every test. Ids are drawn in the order of
# the rows.
_FURNISH = text(
    """
    with team as materialized (
        select key, nextval(pg_get_serial_sequence('department', 'id')) as id
        from unnest(array['company', 'north', 'south']) as key
    ),
    person as materialized (
        select p.*, nextval(pg_get_serial_sequence('member', 'id')) as id
        from unnest(cast(:names as text[]), cast(:shown as text[]), cast(:roles as text[]), cast(:teams as text[]),
                    cast(:bosses as text[])) as p(name, shown, role, team, boss)
    ),
    pond as materialized (
        select key, nextval(pg_get_serial_sequence('pool', 'id')) as id from unnest(array['open', 'north']) as key
    ),
    place as materialized (
        select p.*, nextval(pg_get_serial_sequence('workspace', 'id')) as id
        from unnest(cast(:platforms as text[]), cast(:addresses as text[]), cast(:secrets as bytea[]),
                    cast(:configs as jsonb[])) as p(platform, address, secrets, config)
    ),
    single as materialized (
        select nextval(pg_get_serial_sequence('line', 'id')) as line,
               nextval(pg_get_serial_sequence('pipeline', 'id')) as pipeline,
               nextval(pg_get_serial_sequence('source', 'id')) as source
    ),
    departments as (
        insert into department (org_id, id, key, name, parent_id, path)
        select :o, t.id, t.key, initcap(t.key), nullif(r.id, t.id),
               case when t.id = r.id then array[r.id] else array[r.id, t.id] end
        from team t, team r where r.key = 'company'
    ),
    members as (
        insert into member (org_id, id, name, email, role, department_id, manager_id, active, on_duty, tags,
                            preferences, toured_at, joined_at)
        select :o, p.id, p.shown, p.name || '@acme.example', p.role, t.id, b.id, true, true, '{}', '{}',
               cast(:now as timestamptz), :now
        from person p join team t on t.key = p.team left join person b on b.name = p.boss
    ),
    loads as (
        insert into rep_load (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
        select :o, id, 0, cast(:day as date), 0, :day, 0, 0 from person
    ),
    pools as (
        insert into pool (org_id, id, key, name, admin_id, created_at)
        select :o, d.id, d.key, initcap(d.key), p.id, :now from pond d, person p where p.name = 'mia'
    ),
    scopes as (
        insert into pool_scope (org_id, pool_id, department_id)
        select :o, d.id, t.id from pond d join team t on t.key = case d.key when 'open' then 'company' else d.key end
    ),
    lines as (insert into line (org_id, id, key, name) select :o, line, 'main', 'Main' from single),
    pipelines as (
        insert into pipeline (org_id, id, line_id, name) select :o, pipeline, line, 'Main' from single
    ),
    stages as (
        insert into stage (org_id, pipeline_id, position, key, name, name_zh, funnel)
        select :o, o.pipeline, s.place - 1, s.key, s.name, s.name_zh, s.funnel
        from single o, unnest(cast(:stages as text[]), cast(:stage_names as text[]), cast(:stage_names_zh as text[]),
                            cast(:funnels as text[])) with ordinality as s(key, name, name_zh, funnel, place)
    ),
    sources as (
        insert into source (org_id, id, key, name, kind, channel, pool_id, secret, enabled, accepted, rejected,
                            created_at)
        select :o, o.source, 'web', 'Website', 'keyed', 'online', d.id, cast(:key as bytea), true, 0, 0, :now
        from single o, pond d where d.key = 'open'
    ),
    calendars as (
        insert into team_calendar (org_id, opens, closes, weekdays, country, extra_holidays, extra_workdays)
        values (:o, cast(:opens as time), cast(:closes as time), '{1,2,3,4,5}', cast(:country as text), '[]', '[]')
    ),
    workspaces as (
        insert into workspace (id, org_id, platform, external_id, name, secrets, config, created_at)
        select id, :o, platform, address, 'Acme', secrets, config, :now from place
    ),
    identities as (
        insert into chat_identity (org_id, workspace_id, member_id, external_id)
        select :o, w.id, p.id, k.known
        from unnest(cast(:on as text[]), cast(:who as text[]), cast(:known as text[]))
             with ordinality as k(platform, name, known, place)
        join place w using (platform) join person p using (name) order by k.place
    )
    select (select json_object_agg(name, id) from person) as member,
           (select json_object_agg(key, id) from team) as department,
           (select json_object_agg(key, id) from pond) as pool,
           (select json_object_agg(platform, id) from place) as workspace,
           source as source_id, line as line_id, pipeline as pipeline_id
    from single
    """
)
# A lead, its person and its owner, by one statement likewise.
_OPENED = """
    with given as materialized (select sluice_next_numbers(:o, 1) as number),
    known as (
        insert into person (org_id, name, company, title, note, created_at) values (:o, :name, :firm, '', '', :now)
        returning id as person_id
    ),
    reached as (
        insert into person_key (org_id, person_id, kind, value)
        select :o, person_id, 'phone',
               coalesce(:phone, '+86138' || to_char(mod(:o, 1000), 'FM000') || to_char(number, 'FM00000'))
        from known, given
    ),
    opened as (
        insert into lead (org_id, {columns}) select :o, {values} from known, given returning id
    ),
    owned as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        select :o, id, cast(:holder as bigint), :began, 'claim' from opened where cast(:holder as bigint) is not null
    ),
    carried as (update rep_load set holding = holding + :more where org_id = :o and member_id = :holder)
    select id from opened
"""


@dataclass(frozen=True)
class Company:
    """Ids by key of what `company` made. `member["ann"]` is Ann's id; on Slack she is `external("slack", "ann")`."""

    org_id: int
    member: Mapping[str, int]
    department: Mapping[str, int]
    pool: Mapping[str, int]
    workspace: Mapping[str, int]
    source_id: int
    line_id: int
    pipeline_id: int
    group: dict[str, int] = field(default_factory=dict)


def clock() -> DrivenClock:
    """A clock that stands at `NOW` until the test moves it."""
    return DrivenClock(NOW)


def external(platform: str, name: str, org_id: int) -> str:
    """Who `name` is on a platform: Slack ids look like Slack's, the others are plain names."""
    return f"U{org_id:04d}{name.upper()}" if platform == "slack" else f"{name}{org_id}"


def company(
    database: Database,
    *,
    rules: str | None = None,
    timezone: str = "Asia/Shanghai",
    opens: time = time(9),
    closes: time = time(18),
    country: str | None = None,
) -> Company:
    """One organization: teams north (mia, ann, bob) and south (max, cyd, dan), admin ada, pools north and open.

    Args:
        rules: the rule set in force as YAML; without it the defaults hold.
        opens, closes: working hours Monday to Friday; equal times mean around the clock, on these days.
    """
    key = f"org-{uuid4().hex[:12]}"
    with database.begin() as uow:
        # Without a weekly card: companies of former tests would all be due at each tick of a later one.
        org_id = _add(uow, Organization, key=key, name="Acme", timezone=timezone, locale="en", health_at=NEVER)
        uow.enter(org_id)
        uow.session.execute(text("select sluice_open_organization(:o)"), {"o": org_id})
        hours = {"opens": opens, "closes": closes, "country": country}
        made = uow.execute(_FURNISH, _people() | _chats(org_id) | _rooms(uow) | hours).one()
        if rules is not None:
            rule_set(uow, rules)
        return Company(org_id, **made._asdict())


def rule_set(uow: UnitOfWork, text_: str) -> int:
    """A new version of the rules, in force at once (deadlines are not recomputed)."""
    version = uow.session.scalar(text("select count(*) + 1 from rule_set where org_id = :o"), {"o": uow.org_id})
    uow.rule_set_id = _add(uow, RuleSet, version=version, text=text_)
    uow.session.execute(
        text("update organization set rule_set_id = :r where id = :o"), {"r": uow.rule_set_id, "o": uow.org_id}
    )
    return uow.rule_set_id


def group(uow: UnitOfWork, acme: Company, platform: str, *, pool: str | None = None, team: str | None = None) -> int:
    """Bind a group of that platform to a pool or team; returns the conversation's id."""
    kind = {"slack": "channel", "wecom": "appchat", "playground": "group"}[platform]
    name = pool or team or "all"
    return _add(
        uow, Conversation, workspace_id=acme.workspace[platform], kind=kind, external_id=f"C{uow.org_id}{name.upper()}",
        name=name, pool_id=acme.pool[pool] if pool else None, department_id=acme.department[team] if team else None,
    )  # fmt: skip


def lead(
    uow: UnitOfWork,
    acme: Company,
    *,
    owner: str | None = None,
    pool: str | None = "open",
    phone: str | None = None,
    name: str = "Lu Wei",
    firm: str = "Lucky Tea",
    **columns: Any,
) -> int:
    """A lead of a person of its own; with an owner also the open assignment and the load. Columns override.

    `recycle_at` and `warn_at` stay empty unless given: `clocks.restart` computes them.
    """
    owner_id = acme.member[owner] if owner else None
    began = columns.pop("assigned_at", uow.now) if owner else None
    facts = {
        "line_id": acme.line_id, "status": "open", "stage": "new", "owner_id": owner_id,
        "pool_id": acme.pool[pool] if pool else None, "source_id": acme.source_id, "origin": "company", "score": 0,
        "tags": [], "custom": {}, "version": 1, "assigned_at": began, "pool_entered_at": None if owner else uow.now,
        "stage_entered_at": uow.now, "created_at": uow.now, "warn_step": 0, "extensions": 0, "touches": 1,
        "counts": columns.get("origin") != "self", **columns,
    }  # fmt: skip
    known = {"o": uow.org_id, "now": uow.now, "name": name, "firm": firm, "phone": phone}
    owned = {"holder": owner_id, "began": began, "more": 0 if columns.get("origin") == "self" else 1}
    return int(uow.execute(_opened(tuple(facts)), known | owned | _as_written(facts)).scalar_one())


def carry(uow: UnitOfWork, member_id: int, count: int) -> None:
    """The ledger counts `count` more leads held by the member."""
    uow.session.execute(
        text("update rep_load set holding = holding + :n where org_id = :o and member_id = :m"),
        {"n": count, "o": uow.org_id, "m": member_id},
    )


def task(uow: UnitOfWork, acme: Company, member: str, *, due_at: datetime, lead_id: int | None = None) -> int:
    """An open task with a reminder still to come."""
    return _add(
        uow,
        Task,
        lead_id=lead_id,
        member_id=acme.member[member],
        due_at=due_at,
        words="call back",
        state="open",
        version=1,
    )


def read(uow: UnitOfWork, lead_id: int) -> Lead:
    """The lead as it stands in the database now."""
    lead = uow.session.get_one(Lead, (uow.org_id, lead_id), populate_existing=True)
    uow.session.expunge(lead)
    return lead


def _add(uow: UnitOfWork, model: type[Any], **values: Any) -> int:
    return _add_many(uow, model, [values])[0]


def _add_many(uow: UnitOfWork, model: type[Any], rows: list[dict[str, Any]]) -> list[int]:
    """All rows by one statement: a company is made for nearly every test. Their ids, in the order of the rows."""
    table = model.__table__
    known = {stamp: uow.now for stamp in ("created_at", "joined_at") if stamp in table.columns}
    if "org_id" in table.columns and model is not Organization:
        known["org_id"] = uow.org_id
    made = insert(table).returning(table.columns["id"], sort_by_parameter_order=True)
    return [int(key) for key in uow.session.connection().execute(made, [known | row for row in rows]).scalars()]


@cache
def _opened(names: tuple[str, ...]) -> TextClause:
    """The statement that opens a lead of which these columns are given."""
    types = {name: Lead.__table__.columns[name].type.compile(dialect()) for name in names}
    values = {"person_id": "person_id", "number": "number"} | {
        name: f"cast(:lead_{name} as {type_})" for name, type_ in types.items()
    }
    return text(_OPENED.format(columns=", ".join(values), values=", ".join(values.values())))


def _as_written(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a lead as the driver takes them."""
    loose = {name for name in facts if isinstance(Lead.__table__.columns[name].type, JSONB)}
    return {f"lead_{name}": Jsonb(value) if name in loose else value for name, value in facts.items()}


def _people() -> dict[str, Any]:
    shown, roles, teams = zip(*PEOPLE.values(), strict=True)
    bosses = [MANAGERS[team] if role == "rep" else None for role, team in zip(roles, teams, strict=True)]
    return {"names": list(PEOPLE), "shown": list(shown), "roles": list(roles), "teams": list(teams), "bosses": bosses}


def _rooms(uow: UnitOfWork) -> dict[str, Any]:
    """Stages, the source's key and the tenant."""
    keys, names, names_zh, funnels = (list(each) for each in zip(*STAGES, strict=True))
    stages = {"stages": keys, "stage_names": names, "stage_names_zh": names_zh, "funnels": funnels}
    return stages | {"o": uow.org_id, "now": uow.now, "day": uow.now.date(), "key": _VAULT.seal("web-key")}


def _chats(org_id: int) -> dict[str, Any]:
    """The installations on each platform, and who everybody is there."""
    company = f"ww{org_id:016d}"
    addresses = {"slack": f"T{org_id:08d}", "wecom": f"{company}/1000002", "playground": f"playground-{org_id}"}
    secrets = {
        "slack": {"bot_token": f"xoxb-{org_id}"},
        "wecom": {"secret": f"secret-{org_id}", "token": "token", "aes_key": "k" * 43},
        "playground": {},
    }
    configs = {"wecom": json.dumps({"corp_id": company, "agent_id": "1000002"})}
    known = [(platform, name, external(platform, name, org_id)) for platform in PLATFORMS for name in PEOPLE]
    return {
        "platforms": list(PLATFORMS), "addresses": [addresses[one] for one in PLATFORMS],
        "secrets": [_VAULT.seal_all(secrets[one]) for one in PLATFORMS],
        "configs": [configs.get(one, "{}") for one in PLATFORMS],
        "on": [each[0] for each in known], "who": [each[1] for each in known], "known": [each[2] for each in known],
    }  # fmt: skip
