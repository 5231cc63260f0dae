"""Remembering refusals, so that `why` can tell of them and managers see which rule keeps people waiting.

A refusal rolls its transaction back, so it is written afterwards, with the answer: who gets what was asked for pays
nothing for it. Whoever asks again and again, or for everything, is remembered a few times an hour.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import text

from crm.errors import Refusal
from crm.rules.access import Actor
from crm.services import decisions, leads
from crm.services.timeline import plain
from crm.uow import UnitOfWork

P = ParamSpec("P")
T = TypeVar("T")

MOST, WITHIN = 20, timedelta(hours=1)
# Nothing was decided: there is no such lead for the member, none at all, or the answer is to try again.
_NOTHING = frozenset({"lead_not_found", "pool_empty", "conflict"})
_INSERT = text(
    """
    with asked as (select (select id from lead where org_id = :org and number = cast(:number as bigint)) as lead),
    lately as (
        select lead_id, outcome from decision
        where org_id = :org and member_id = :me and kind = 'refusal' and at > :since
    )
    insert into decision (org_id, kind, lead_id, member_id, rule_set_id, outcome, facts, candidates, at)
    select :org, 'refusal', asked.lead, :me, :rules, :code, cast(:facts as jsonb), '[]', :now from asked
    where (select count(*) from lately) < :most
      and not exists (select from lately where outcome = :code and lead_id is not distinct from asked.lead)
      and (select count(*) from decision d
            where d.org_id = :org and d.lead_id = asked.lead and d.kind = 'refusal' and d.at > :since) < :most
    returning id
    """
)


def explained(call: Callable[P, T]) -> Callable[P, T]:
    """What this function refuses is remembered. It names the lead by `ref`, if it is about a certain one."""

    @wraps(call)
    def asking(*args: P.args, **given: P.kwargs) -> T:
        try:
            return call(*args, **given)
        except Refusal as refusal:
            refusal.asked = str(given.get("ref", ""))
            raise

    return asking


def remember(uow: UnitOfWork, member: Actor | None, refusal: Refusal) -> None:
    """Write a refusal down if it is one that has to be explained, and the same was not just written."""
    if refusal.asked is None or member is None or refusal.code in _NOTHING:
        return
    args: dict[str, Any] = {
        "org": uow.org_id, "me": member.id, "number": leads.parse_ref(refusal.asked), "code": refusal.code,
        "facts": json.dumps(refusal.data, default=plain), "rules": uow.rule_set_id, "now": uow.now,
        "since": uow.now - WITHIN, "most": MOST,
    }  # fmt: skip
    decisions.told("refusal", uow.session.scalars(_INSERT, args).all())
