"""How often somebody takes data out as a file in a day: by what the audit says, which no one can take back."""

from __future__ import annotations

from sqlalchemy import text

from crm.errors_of_limits import ExportsUsed
from crm.rules import quota
from crm.rules.access import Actor
from crm.rules.periods import midnight
from crm.uow import UnitOfWork

_USED = text(
    """
    select count(*) from audit where org_id = :org and actor_id = :me and at >= :since
      and verb in ('data.exported', 'person.exported')
    """
)


def check(uow: UnitOfWork, actor: Actor) -> None:
    """Whether the actor may take out one more file today. Raises ExportsUsed."""
    limit = uow.rules.access.export.per_day
    if limit is None:
        return
    since = midnight(quota.day_of(uow.now, actor.timezone), actor.timezone)
    used = int(uow.session.execute(_USED, {"org": uow.org_id, "me": actor.id, "since": since}).scalar_one())
    if used >= limit:
        raise ExportsUsed(used=used, limit=limit, again=quota.next_day(uow.now, actor.timezone).isoformat())
