"""The recycle run's circuit breaker: before a team loses a large share of its leads at once, a manager is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from crm.errors import NotAllowed, OldCard
from crm.rules.access import Actor
from crm.services import clocks, decisions, members
from crm.uow import UnitOfWork

KIND = "recycle_stopped"
ASK_AGAIN = timedelta(hours=24)
APPROVED_FOR = timedelta(hours=1)

_DUE = text(
    """
    select coalesce(m.department_id, 0) as team, count(*) as due, min(l.owner_id) as somebody
    from lead l join member m on m.org_id = l.org_id and m.id = l.owner_id
    where l.org_id = :org and l.recycle_at <= :now and l.status = 'open' and l.origin <> 'self'
      and not coalesce(l.recycle_rule, '') = any(:paused)
    group by 1 having count(*) >= :least
    """
)
# The ledger has the count; counting the leads themselves took most of a run's time on a million of them.
_OPEN = text(
    """
    select cast(coalesce(sum(r.holding), 0) as int)
    from rep_load r join member m on m.org_id = r.org_id and m.id = r.member_id
    where r.org_id = :org and coalesce(m.department_id, 0) = :team
    """
)
_ASKED = text(
    """
    select id, at, counters from run
    where org_id = :org and kind = 'recycle_stopped' and at > :since and counters->>'team' = cast(:team as text)
    order by id desc limit 1
    """
)
_READ = text("select at, counters from run where org_id = :org and id = :run and kind = 'recycle_stopped' for update")
_ANSWER = text("update run set counters = counters || cast(:more as jsonb) where org_id = :org and id = :run")
_TEAM_PATH = text("select path from department where org_id = :org and id = :team")
_POSTPONE = text(
    """
    update lead l set extended_until = :until from (
        select d.id from lead d join member m on m.org_id = d.org_id and m.id = d.owner_id
        where d.org_id = :org and coalesce(m.department_id, 0) = :team
          and d.recycle_at <= :now and d.status = 'open' and d.origin <> 'self'
        order by d.id for no key update of d
    ) due where l.org_id = :org and l.id = due.id returning l.id
    """
)


def check(uow: UnitOfWork, paused: Iterable[str] = ()) -> list[int]:
    """The teams whose leads stay where they are until a manager has answered; asks where nobody has been asked.

    Args:
        paused: recycle rules that take nothing now.
    """
    rules = uow.rules.breaker
    args = {"org": uow.org_id, "now": uow.now, "least": rules.at_least, "paused": sorted(paused)}
    due = uow.session.execute(_DUE, args).all()
    return [row.team for row in due if _too_many(uow, row) and not _approved(uow, row)]


def approve(uow: UnitOfWork, *, actor: Actor, run_id: int) -> None:
    """A manager lets the run go on for this team. Raises NotAllowed, OldCard."""
    _answer(uow, actor, run_id, "approved")


def postpone(uow: UnitOfWork, *, actor: Actor, run_id: int) -> int:
    """A manager gives the team's due leads one more extension; returns how many. Raises: as `approve`."""
    counters = _answer(uow, actor, run_id, "postponed")
    args = {"org": uow.org_id, "team": counters["team"], "now": uow.now, "until": uow.now + uow.rules.extend.by.longest}
    moved = uow.session.scalars(_POSTPONE, args).all()
    clocks.restart(uow, moved)
    uow.touch(*moved)
    return len(moved)


def _too_many(uow: UnitOfWork, row: Row[Any]) -> bool:
    every = uow.session.execute(_OPEN, {"org": uow.org_id, "team": row.team}).scalar_one()
    return bool(row.due > every * uow.rules.breaker.share)


def _approved(uow: UnitOfWork, row: Row[Any]) -> bool:
    """Whether the run may go on for this team; if nobody has been asked, the managers are now."""
    asked = uow.session.execute(
        _ASKED, {"org": uow.org_id, "since": uow.now - ASK_AGAIN, "team": row.team}
    ).one_or_none()
    # What was asked or granted under other rules says nothing about what these would take.
    if asked is None or asked.counters["answer"] == "postponed" or asked.counters.get("rules") != uow.rule_set_id:
        _ask(uow, row)
        return False
    answered = asked.counters["answer"] == "approved"
    if answered and asked.counters["until"] <= uow.now.timestamp():
        _ask(uow, row)
        return False
    return bool(answered)


def _ask(uow: UnitOfWork, row: Row[Any]) -> None:
    every = uow.session.execute(_OPEN, {"org": uow.org_id, "team": row.team}).scalar_one()
    run_id = decisions.open_run(
        uow, KIND, {"team": row.team, "due": row.due, "open": every, "answer": None, "rules": uow.rule_set_id}
    )
    for manager in members.managers_of(uow, row.somebody):
        uow.notify(
            "recycle.stopped", to=manager, key=f"stopped:{run_id}:{manager}",
            data={"run": run_id, "department": row.team or None, "due": row.due, "open": every},
        )  # fmt: skip


def _answer(uow: UnitOfWork, actor: Actor, run_id: int, answer: str) -> dict[str, Any]:
    run = uow.session.execute(_READ, {"org": uow.org_id, "run": run_id}).one_or_none()
    if run is None or run.counters["answer"] is not None or run.counters.get("rules") != uow.rule_set_id:
        raise OldCard
    path = uow.session.scalar(_TEAM_PATH, {"org": uow.org_id, "team": run.counters["team"]})
    if not actor.is_admin and not actor.manages_any(path):
        raise NotAllowed(roles="managers")
    more = {"answer": answer, "by": actor.id, "until": (uow.now + APPROVED_FOR).timestamp()}
    uow.session.execute(_ANSWER, {"org": uow.org_id, "run": run_id, "more": json.dumps(more)})
    return dict(run.counters)
