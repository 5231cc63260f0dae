"""Where dispatch rules stand: their cursors, read and locked together, and written together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import text

from crm.rules import quota
from crm.rules.dispatch import Candidate, Cursor, Rotation
from crm.rules.ruleset import Dispatch
from crm.services.members import zone
from crm.uow import UnitOfWork

# All or none: who held some while the others are opened could wait for somebody who waits for those.
_READ = text(
    """
    select rule, state from rule_cursor where org_id = :org and rule = any(:rules)
      and (select count(*) from rule_cursor where org_id = :org and rule = any(:rules)) = :many
    order by rule for no key update
    """
)
_OPEN = text(
    "insert into rule_cursor (org_id, rule, state)"
    " select :org, rule, '{}' from unnest(cast(:rules as text[])) as r(rule) order by rule on conflict do nothing"
)
_WRITE = text(
    """
    update rule_cursor c set state = w.state
    from jsonb_to_recordset(cast(:rows as jsonb)) as w(rule text, state jsonb)
    where c.org_id = :org and c.rule = w.rule
    """
)
_TIMEZONE = text("select timezone from organization where id = :org")


def read(uow: UnitOfWork, rules: Iterable[Dispatch]) -> dict[str, Cursor]:
    """Where these rules stand, by name, locked until the transaction ends."""
    names = sorted({rule.name for rule in rules})
    found = _read(uow, names)
    if len(found) < len(names):
        uow.execute(_OPEN, {"org": uow.org_id, "rules": names})
        found = _read(uow, names)
    return found


def start(uow: UnitOfWork, rule: Dispatch, seats: Sequence[Candidate], cursor: Cursor) -> Rotation:
    """The turns of a rule from where it stands."""
    return Rotation(rule, seats, cursor, _period(uow, rule))


def write(uow: UnitOfWork, rotations: Iterable[Rotation]) -> None:
    """Remember where the rules stand."""
    rows = []
    for rotation in rotations:
        rotation.settle()
        rows.append({"rule": rotation.rule.name, "state": rotation.cursor.state()})
    if rows:
        uow.execute(_WRITE, {"org": uow.org_id, "rows": json.dumps(rows)})


def _read(uow: UnitOfWork, names: Sequence[str]) -> dict[str, Cursor]:
    rows = uow.execute(_READ, {"org": uow.org_id, "rules": list(names), "many": len(names)})
    return {row.rule: Cursor.read(row.state) for row in rows}


def _period(uow: UnitOfWork, rule: Dispatch) -> str:
    """The day, Monday or first of the month from which the branches' parts count, in the organization's time zone."""
    if not rule.shares or rule.period == "ever":
        return "ever"
    known = uow.session.info
    if "timezone" not in known:
        known["timezone"] = uow.execute(_TIMEZONE, {"org": uow.org_id}).scalar_one()
    where = zone(known["timezone"])
    begins: dict[str, date] = {
        "day": quota.day_of(uow.now, where), "week": quota.week_of(uow.now, where),
        "month": quota.month_of(uow.now, where),
    }  # fmt: skip
    return f"{rule.period} {begins[rule.period]}"
