"""Rules that somebody has stopped for a while: which, until when, and why."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import text

from crm.uow import UnitOfWork

Kind = Literal["dispatch", "recycle"]

_PAUSED = text(
    "select distinct rule from rule_pause where org_id = :org and kind = :kind and ended_at is null and until > :now"
)


def paused(uow: UnitOfWork, kind: Kind = "dispatch") -> set[str]:
    """The names of the rules of that kind that stand still now."""
    return set(uow.session.scalars(_PAUSED, {"org": uow.org_id, "kind": kind, "now": uow.now}))
