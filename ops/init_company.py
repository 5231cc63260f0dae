"""`sluice init company.yaml`: an organization from a file. Loading it twice changes nothing; it adds and updates, and
removes nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from crm.db import Database
from crm.models import (
    Conversation,
    Department,
    DigestSubscription,
    Line,
    Organization,
    Pipeline,
    RuleSet,
    Source,
    Stage,
    TeamCalendar,
)
from crm.rules import catalogue_file
from crm.rules.periods import next_at
from crm.services import clocks, conversations, lines, list_file, rules_admin, sources
from crm.uow import UnitOfWork
from crm.vault import Vault
from ops import company_file, init_sources
from ops.company_spec import CalendarPart, CompanyFile, GroupPart
from ops.init_campaigns import campaigns
from ops.init_people import people, pools
from ops.init_rows import Rows
from ops.init_systems import systems
from ops.init_workspaces import resolve, workspaces

KINDS = {"slack": "channel", "wecom": "appchat", "playground": "group"}


# A change of these changes whose hours hold for whom.
TIMED = frozenset({"organization", "department", "member", "team_calendar"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows by table, and the fresh intake keys, which are shown this once."""

    org_id: int
    added: Mapping[str, int]
    changed: Mapping[str, int]
    keys: Mapping[str, str]


def load_file(database: Database, vault: Vault, path: Path) -> Loaded:
    """Load a company file in one transaction. Raises CompanyFileError, and then nothing has changed."""
    return load(database, vault, company_file.read(path))


def load(database: Database, vault: Vault, company: CompanyFile) -> Loaded:
    """The same for a file that has been read."""
    with database.begin() as uow:
        rows = Rows(uow)
        org_id = _organization(rows, company)
        departments = _departments(rows, company)
        installed = workspaces(rows, vault, company)
        members = people(rows, company, departments, installed)
        pool_ids = pools(rows, company, departments, members)
        _line(rows, company)
        _rules(rows, company)
        for group in company.groups:
            _group(rows, vault, company, group, installed, departments, pool_ids)
        keys = _sources(rows, vault, company, pool_ids, members) | systems(rows, vault, company)
        _lists(rows, company)
        campaigns(rows, vault, company, members)
        _clocks(rows)
        return Loaded(org_id, rows.added, rows.changed, keys)


def _clocks(rows: Rows) -> None:
    """Where working hours, time zones or teams are not what they were, clocks that run follow in the background."""
    new = "organization" in rows.added
    moved = TIMED & set(rows.changed) or (not new and "team_calendar" in rows.added)
    if moved:
        rows.uow.defer(clocks.all_anew(rows.uow))


def _organization(rows: Rows, company: CompanyFile) -> int:
    part = company.organization
    values = {"name": part.name, "timezone": part.timezone, "locale": part.locale}
    org_id = rows.put(Organization, {"key": part.key}, values, created_at=rows.uow.now)
    rows.uow.session.execute(text("select sluice_open_organization(:org)"), {"org": org_id})
    rows.uow.enter(org_id)
    return org_id


def _departments(rows: Rows, company: CompanyFile) -> dict[str, int]:
    """The tree and its calendars; parents come first in the file."""
    made: dict[str, int] = {}
    paths: dict[int | None, list[int]] = {None: []}
    _calendar(rows, None, company.calendar)
    for part in company.departments:
        parent_id = made[part.parent] if part.parent else None
        values = {"name": part.name, "parent_id": parent_id, "timezone": part.timezone, "locale": part.locale}
        made[part.key] = own = rows.put(Department, {"key": part.key}, values, path=[])
        paths[own] = [*paths[parent_id], own]
        # The path ends with the row's own id, which is known only now.
        rows.uow.session.execute(
            text("update department set path = :path where org_id = :org and id = :id"),
            {"org": rows.uow.org_id, "id": own, "path": paths[own]},
        )
        if part.calendar:
            _calendar(rows, own, part.calendar)
    return made


def _calendar(rows: Rows, department_id: int | None, part: CalendarPart) -> None:
    values = {
        "opens": part.opens, "closes": part.closes, "weekdays": sorted(set(part.weekdays)), "country": part.country,
        "extra_holidays": [day.isoformat() for day in part.extra_holidays],
        "extra_workdays": [day.isoformat() for day in part.extra_workdays],
    }  # fmt: skip
    rows.put(TeamCalendar, {"department_id": department_id}, values)


def _line(rows: Rows, company: CompanyFile) -> None:
    """One line of business with its steps."""
    line_id = rows.put(Line, {"key": "main"}, {}, name="Main")
    pipeline_id = rows.put(Pipeline, {"line_id": line_id}, {}, name="Main")
    for position, stage in enumerate(company.stages):
        values = {"name": stage.name, "name_zh": stage.name_zh, "position": position, "funnel": stage.funnel}
        if "stages" in company.model_fields_set:
            rows.put(Stage, {"pipeline_id": pipeline_id, "key": stage.key}, values)
        else:  # the usual ones, which somebody may have renamed since
            rows.put(Stage, {"pipeline_id": pipeline_id, "key": stage.key}, {}, **values)


def _lists(rows: Rows, company: CompanyFile) -> None:
    """Values and fields that the file names; what was changed in chat since and is not in the file stays."""
    file = catalogue_file.of({"lists": company.lists, "fields": company.fields})
    done = list_file.load(rows.uow, actor=None, file=file)
    rows.added.update({"list_entry": done["added"]} if done["added"] else {})
    rows.changed.update({"list_entry": done["changed"]} if done["changed"] else {})


def _rules(rows: Rows, company: CompanyFile) -> None:
    """A new version when the text differs from the one in force."""
    uow = rows.uow
    present = uow.session.scalar(
        select(RuleSet.text).where(RuleSet.org_id == uow.org_id, RuleSet.id == uow.rule_set_id)
    )
    if company.rules is None or company.rules == present:
        return
    count = select(RuleSet.version).where(RuleSet.org_id == uow.org_id).order_by(RuleSet.version.desc()).limit(1)
    version = (uow.session.scalar(count) or 0) + 1
    uow.rule_set_id = rows.put(RuleSet, {"version": version}, {}, text=company.rules, created_at=uow.now)
    rows.put(Organization, {"id": uow.org_id}, {"rule_set_id": uow.rule_set_id})
    lines.ensure(uow)
    uow.defer(rules_admin.refresh_order(uow))


def _group(
    rows: Rows,
    vault: Vault,
    company: CompanyFile,
    part: GroupPart,
    installed: Mapping[str, int],
    departments: Mapping[str, int],
    pool_ids: Mapping[str, int],
) -> None:
    """Bind a group, and subscribe it to its digest."""
    values = {
        "kind": part.kind or KINDS[part.platform], "name": part.name,
        "department_id": departments.get(part.team or ""), "pool_id": pool_ids.get(part.pool or ""),
    }  # fmt: skip
    here, name = installed[part.platform], part.id
    if part.kind == "robot":
        name = conversations.keep_robot(rows.uow, vault, workspace_id=here, key=resolve(part.id))
    bound = rows.put(Conversation, {"workspace_id": here, "external_id": name}, values)
    if part.digest is not None:
        zone = ZoneInfo(_zone_of(company, part.team))
        _digest(rows, bound, values["department_id"], part.digest, zone)


def _digest(rows: Rows, conversation_id: int, department_id: object, at: time, zone: ZoneInfo) -> None:
    uow = rows.uow
    wanted = select(DigestSubscription.at).where(
        DigestSubscription.org_id == uow.org_id, DigestSubscription.conversation_id == conversation_id
    )
    moved = uow.session.scalar(wanted) != at
    values = {"at": at, "department_id": department_id} | ({"next_at": next_at(at, uow.now, zone)} if moved else {})
    rows.put(DigestSubscription, {"conversation_id": conversation_id}, values)


def _zone_of(company: CompanyFile, key: str | None) -> str:
    """A team's zone: its own, else the one of the nearest department above, else the organization's."""
    known = {part.key: part for part in company.departments}
    while key is not None:
        if zone := known[key].timezone:
            return zone
        key = known[key].parent
    return company.organization.timezone


def _sources(
    rows: Rows, vault: Vault, company: CompanyFile, pool_ids: Mapping[str, int], members: Mapping[str, int]
) -> dict[str, str]:
    """Make the sources that are missing; the keys of present ones stay as they are."""
    uow, fresh = rows.uow, dict[str, str]()
    for part in company.sources:
        pool_id = pool_ids.get(part.pool or "")
        if not _exists(uow, part.key):
            made = sources.create(
                uow, vault, actor=None, key=part.key, name=part.name, kind=part.kind, pool_id=pool_id,
                channel=part.channel, campaign=part.campaign, secret=resolve(part.secret) if part.secret else None,
            )  # fmt: skip
            rows.added["source"] += 1
            fresh |= {} if part.secret else {part.key: made.key}
        values = {
            "name": part.name,
            "kind": part.kind,
            "pool_id": pool_id,
            "channel": part.channel,
            "campaign": part.campaign,
        } | ({"owner_id": members[part.owner]} if part.owner else {})
        rows.put(Source, {"key": part.key}, values)
        init_sources.describe(rows, vault, part)
    return fresh


def _exists(uow: UnitOfWork, key: str) -> bool:
    return uow.session.scalar(select(Source.id).where(Source.org_id == uow.org_id, Source.key == key)) is not None
