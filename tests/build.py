"""A small company for tests, made by inserts: two teams, their reps and managers, two pools, one source, one line.

`company(database)` makes an organization of its own, so tests may share a database. Times start at `NOW`, a Wednesday
at ten in the morning in Shanghai; a driven clock at `NOW` is `build.clock()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from crm.clock import DrivenClock
from crm.db import Database
from crm.models import (
    Assignment,
    ChatIdentity,
    Conversation,
    Department,
    Lead,
    Line,
    Member,
    Organization,
    Person,
    PersonKey,
    Pipeline,
    Pool,
    PoolScope,
    RepLoad,
    RuleSet,
    Source,
    Stage,
    Task,
    TeamCalendar,
    Workspace,
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
_BOSSES = text(
    "update member set manager_id = b from unnest(cast(:m as bigint[]), cast(:b as bigint[])) as o(m, b)"
    " where org_id = :o and id = o.m"
)


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
        department = _departments(uow)
        member = _members(uow, department)
        pools = [{"key": key, "name": key.title(), "admin_id": member["mia"]} for key in ("open", "north")]
        pool = dict(zip(("open", "north"), _add_many(uow, Pool, pools), strict=True))
        scopes = [(pool["open"], department["company"]), (pool["north"], department["north"])]
        _add_many(uow, PoolScope, [{"pool_id": pool_id, "department_id": team} for pool_id, team in scopes])
        line_id = _add(uow, Line, key="main", name="Main")
        pipeline_id = _pipeline(uow, line_id)
        source_id = _source(uow, pool["open"])
        _add(
            uow, TeamCalendar, opens=opens, closes=closes, weekdays=[1, 2, 3, 4, 5], country=country,
            extra_holidays=[], extra_workdays=[],
        )  # fmt: skip
        workspace = _workspaces(uow, member)
        if rules is not None:
            rule_set(uow, rules)
        return Company(org_id, member, department, pool, workspace, source_id, line_id, pipeline_id)


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
    number = uow.session.scalar(text("select sluice_next_numbers(:o, 1)"), {"o": uow.org_id})
    person_id = _add(uow, Person, name=name, company=firm, title="", note="")
    phone = phone or f"+86138{uow.org_id % 1000:03d}{number:05d}"
    _add(uow, PersonKey, person_id=person_id, kind="phone", value=phone)
    owner_id = acme.member[owner] if owner else None
    began = columns.pop("assigned_at", uow.now) if owner else None
    lead_id = _add(
        uow, Lead,
        **{
            "number": number, "person_id": person_id, "line_id": acme.line_id, "status": "open", "stage": "new",
            "owner_id": owner_id, "pool_id": acme.pool[pool] if pool else None, "source_id": acme.source_id,
            "origin": "company", "score": 0, "tags": [], "custom": {}, "version": 1, "assigned_at": began,
            "pool_entered_at": None if owner else uow.now, "stage_entered_at": uow.now, "warn_step": 0, "extensions": 0,
            "touches": 1, "counts": columns.get("origin") != "self", **columns,
        },
    )  # fmt: skip
    if owner_id:
        _add(uow, Assignment, lead_id=lead_id, member_id=owner_id, began_at=began, began_by="claim")
        carry(uow, owner_id, 0 if columns.get("origin") == "self" else 1)
    return lead_id


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


def _departments(uow: UnitOfWork) -> dict[str, int]:
    root = _add(uow, Department, key="company", name="Company", path=[])
    teams = [{"key": key, "name": key.title(), "parent_id": root, "path": []} for key in MANAGERS]
    made = {"company": root} | dict(zip(MANAGERS, _add_many(uow, Department, teams), strict=True))
    uow.session.execute(
        text("update department set path = case when id = :r then array[id] else array[:r, id] end where org_id = :o"),
        {"r": root, "o": uow.org_id},
    )
    return made


def _members(uow: UnitOfWork, department: Mapping[str, int]) -> dict[str, int]:
    rows = [
        {
            "name": shown, "email": f"{name}@acme.example", "role": role, "department_id": department[team],
            "active": True, "on_duty": True, "tags": [], "preferences": {}, "toured_at": uow.now,
        }
        for name, (shown, role, team) in PEOPLE.items()
    ]  # fmt: skip
    member = dict(zip(PEOPLE, _add_many(uow, Member, rows), strict=True))
    bosses = [(member[name], member[MANAGERS[team]]) for name, (_, role, team) in PEOPLE.items() if role == "rep"]
    uow.session.execute(_BOSSES, {"o": uow.org_id, "m": [one for one, _ in bosses], "b": [boss for _, boss in bosses]})
    day = uow.now.date()
    empty = {"holding": 0, "day": day, "day_claims": 0, "week": day, "week_claims": 0, "dealt_day": 0}
    ledger = [{"org_id": uow.org_id, "member_id": member_id} | empty for member_id in member.values()]
    uow.session.connection().execute(insert(RepLoad.__table__), ledger)
    return member


def _pipeline(uow: UnitOfWork, line_id: int) -> int:
    pipeline_id = _add(uow, Pipeline, line_id=line_id, name="Main")
    stages = [
        {"pipeline_id": pipeline_id, "position": place}
        | dict(zip(("key", "name", "name_zh", "funnel"), stage, strict=True))
        for place, stage in enumerate(STAGES)
    ]
    _add_many(uow, Stage, stages)
    return pipeline_id


def _source(uow: UnitOfWork, pool_id: int) -> int:
    return _add(
        uow, Source, key="web", name="Website", kind="keyed", channel="online", pool_id=pool_id,
        secret=_VAULT.seal("web-key"), enabled=True, accepted=0, rejected=0,
    )  # fmt: skip


def _workspaces(uow: UnitOfWork, member: Mapping[str, int]) -> dict[str, int]:
    serial = uow.org_id
    wecom = {"corp_id": f"ww{serial:016d}", "agent_id": "1000002"}
    secrets = {
        "slack": {"bot_token": f"xoxb-{serial}"},
        "wecom": {"secret": f"secret-{serial}", "token": "token", "aes_key": "k" * 43},
        "playground": {},
    }
    names = {"slack": f"T{serial:08d}", "wecom": f"ww{serial:016d}/1000002", "playground": f"playground-{serial}"}
    rows = [
        {
            "platform": platform, "external_id": names[platform], "name": "Acme",
            "secrets": _VAULT.seal_all(secrets[platform]), "config": wecom if platform == "wecom" else {},
        }
        for platform in PLATFORMS
    ]  # fmt: skip
    made = dict(zip(PLATFORMS, _add_many(uow, Workspace, rows), strict=True))
    known = [
        {"workspace_id": made[platform], "member_id": member_id, "external_id": external(platform, name, serial)}
        for platform in PLATFORMS
        for name, member_id in member.items()
    ]
    _add_many(uow, ChatIdentity, known)
    return made
