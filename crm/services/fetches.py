"""Leads that a vendor announced by their id only: their fetching is owed in the database before the vendor hears OK.

A fetch is tried until it succeeds or can never succeed; one that failed for want of a right waits for a new token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm import queue
from crm.models import Source
from crm.services import source_watch
from crm.uow import UnitOfWork

_ANNOUNCE = text(
    """
    insert into owed_fetch (org_id, source_id, own_id, data, state, tries, at)
    values (:org, :source, :own_id, cast(:data as jsonb), 'owed', 0, :now)
    on conflict (org_id, source_id, own_id) do nothing returning id
    """
)
_WAITING = text(
    """
    select f.id, f.source_id, f.own_id, f.tries from owed_fetch f
    where f.org_id = :org and f.id = :id and f.state = 'owed' for update
    """
)
_DONE = text(
    """
    update owed_fetch set state = 'done', cause = :cause, done_at = :now
    where org_id = :org and id = :id and state = 'owed'
    """
)
_TRIED = text(
    "update owed_fetch set tries = tries + 1, cause = :cause where org_id = :org and id = :id and state = 'owed'"
)
_FAILED = text(
    """
    update owed_fetch set state = 'failed', tries = tries + 1, cause = :cause
    where org_id = :org and id = :id and state = 'owed'
    """
)
_AGAIN = text(
    """
    update owed_fetch set state = 'owed', tries = 0, cause = null
    where org_id = :org and source_id = :source and state = 'failed' returning id
    """
)
_OPEN = text(
    """
    select count(*) filter (where state = 'owed') as owed, count(*) filter (where state = 'failed') as failed,
           max(cause) filter (where state = 'failed') as cause
    from owed_fetch where org_id = :org and source_id = :source and state <> 'done'
    """
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lead to fetch; `tries` that failed so far."""

    id: int
    source_id: int
    own_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class Open:
    """How many leads of a source are still to be fetched, and how many could not be, with the last cause."""

    owed: int
    failed: int
    cause: str | None


def announce(uow: UnitOfWork, source: Source, *, own_id: str, data: Mapping[str, Any]) -> bool:
    """Owe the fetching of a lead; False when it was announced before."""
    args = {"org": uow.org_id, "source": source.id, "own_id": own_id, "data": json.dumps(data), "now": uow.now}
    fetch_id = uow.session.scalar(_ANNOUNCE, args)
    if fetch_id is not None:
        uow.defer(_order(uow, fetch_id))
    return fetch_id is not None


def waiting(uow: UnitOfWork, fetch_id: int) -> Waiting | None:
    """The lead to fetch, locked; None when it was fetched or given up, so that a job that runs twice does nothing."""
    row = uow.session.execute(_WAITING, {"org": uow.org_id, "id": fetch_id}).one_or_none()
    return Waiting(*row) if row else None


def done(uow: UnitOfWork, fetch_id: int, *, cause: str | None = None) -> None:
    """It was fetched. Args: cause: why it became no lead."""
    uow.session.execute(_DONE, {"org": uow.org_id, "id": fetch_id, "now": uow.now, "cause": cause})


def later(uow: UnitOfWork, fetch_id: int, *, cause: str, at: datetime) -> None:
    """It failed for now; try again then."""
    uow.session.execute(_TRIED, {"org": uow.org_id, "id": fetch_id, "cause": cause})
    uow.defer(_order(uow, fetch_id, at))


def failed(uow: UnitOfWork, waiting: Waiting, *, cause: str) -> None:
    """It cannot be fetched as things are, until `again`. Who keeps the source is told once a day."""
    uow.session.execute(_FAILED, {"org": uow.org_id, "id": waiting.id, "cause": cause})
    for member in source_watch.keepers(uow, waiting.source_id):
        uow.notify(
            "source.not_fetched", to=member, data={"source": waiting.source_id},
            key=f"source.not_fetched:{waiting.source_id}:{member}:{uow.now.date()}",
        )  # fmt: skip


def again(uow: UnitOfWork, source: Source) -> int:
    """Try all of a source that failed once more; returns how many."""
    ids = uow.session.scalars(_AGAIN, {"org": uow.org_id, "source": source.id}).all()
    for fetch_id in ids:
        uow.defer(_order(uow, fetch_id))
    return len(ids)


def still_open(uow: UnitOfWork, source_id: int) -> Open:
    """What of a source is not fetched yet."""
    return Open(*uow.session.execute(_OPEN, {"org": uow.org_id, "source": source_id}).one())


def _order(uow: UnitOfWork, fetch_id: int, at: datetime | None = None) -> queue.Order:
    return queue.Order(queue.FETCH_LEAD, {"org_id": uow.org_id, "fetch_id": fetch_id}, at=at)
