"""Watching the sources: what came by the hour, what was turned away and why, and who is told of unusual silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from crm.errors import _
from crm.rules import silence
from crm.services import sources
from crm.uow import UnitOfWork

CHUNK = 100
RECENT = timedelta(days=7)
MOST_REASONS = 5
WRONG_KEY = _("The signature or key is wrong.")

Reason = tuple[str, str]
"""Our name of the field, empty for the whole post, and our sentence about it."""

_COUNT = text(
    """
    with seen as (
        update source set accepted = accepted + :accepted, rejected = rejected + :rejected,
               last_seen_at = case when :accepted > 0 then cast(:now as timestamptz) else last_seen_at end,
               silent_at = case when :accepted > 0
                                then cast(:now as timestamptz) + make_interval(secs => usual_pause) else silent_at end
        where org_id = :org and id = :source returning id
    )
    insert into source_hour as h (org_id, source_id, hour, accepted, rejected)
    select :org, id, :hour, :accepted, :rejected from seen
    on conflict (org_id, source_id, hour) do update set accepted = h.accepted + :accepted,
        rejected = h.rejected + :rejected
    returning h.accepted = :accepted as first
    """
)
_REFUSED = text(
    """
    insert into source_refusal as r (org_id, source_id, day, field, why, count, last_at)
    select :org, :source, :day, field, why, count, :now
    from unnest(cast(:fields as text[]), cast(:whys as text[]), cast(:counts as bigint[])) as given(field, why, count)
    order by field, why
    on conflict (org_id, source_id, day, field, why) do update set count = r.count + excluded.count,
        last_at = excluded.last_at
    """
)
_HOURS = text(
    "select hour from source_hour where org_id = :org and source_id = :source and hour >= :since and accepted > 0"
    " order by hour"
)
_USUAL = text(
    """
    update source set usual_pause = :pause, silent_at = last_seen_at + make_interval(secs => :pause)
    where org_id = :org and id = :source
    """
)
_BACK = text(
    """
    with back as (select id, silence_told_at from source
                  where org_id = :org and id = :source and silence_told_at is not null for update)
    update source s set silence_told_at = null from back where s.org_id = :org and s.id = back.id
    returning back.silence_told_at
    """
)
# Nobody wonders that an event is silent which is over.
_SILENT = text(
    """
    update source s set silent_at = null, silence_told_at = case when d.heeded then cast(:now as timestamptz) end
    from (
        select id, enabled and not exists (
            select from event e where e.org_id = source.org_id and e.source_id = source.id
              and (e.closed_at is not null or e.ends_at < :now)) as heeded
        from source where org_id = :org and silent_at <= :now order by id limit :most for update skip locked
    ) d where s.org_id = :org and s.id = d.id
    returning s.id, d.heeded, s.last_seen_at
    """
)
# Marketing keeps the sources; where nobody does marketing, the admins do. Who looks after this one is told as well.
_KEEPERS = text(
    """
    select id from member where org_id = :org and active and (id = :owner or role = coalesce(
        (select min(role) from member where org_id = :org and active and role = 'marketing'), 'admin')) order by id
    """
)
_REASONS = text(
    """
    select field, why, sum(count) as times, max(last_at) as last_at from source_refusal
    where org_id = :org and source_id = :source and day >= :since
    group by field, why order by sum(count) desc, field, why limit :most
    """
)
_CAME = text(
    """
    select coalesce(sum(accepted) filter (where hour >= :day), 0) as day,
           coalesce(sum(accepted) filter (where hour >= :week), 0) as week, coalesce(sum(accepted), 0) as month,
           coalesce(sum(rejected) filter (where hour >= :day), 0) as day_rejected,
           coalesce(sum(rejected) filter (where hour >= :week), 0) as week_rejected,
           coalesce(sum(rejected), 0) as month_rejected
    from source_hour where org_id = :org and source_id = :source and hour >= :month
    """
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why posts were turned away, how often within a week, and when last."""

    field: str
    why: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Came:
    """How many posts were accepted and rejected within 24 hours, 7 days and 4 weeks, by the hour."""

    day: int
    week: int
    month: int
    day_rejected: int
    week_rejected: int
    month_rejected: int


def count(uow: UnitOfWork, *, source_id: int, accepted: int, refused: Mapping[Reason, int], rejected: int) -> None:
    """Add to what is known of a source. Never in the transaction of a lead: every sender would wait for this row.

    Args:
        accepted, rejected: posts.
        refused: why, and how many; a post with two wrong fields counts under both.
    """
    hour = uow.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    args = {"org": uow.org_id, "source": source_id, "now": uow.now, "accepted": accepted, "rejected": rejected}
    first = uow.session.scalar(_COUNT, args | {"hour": hour})
    if refused:
        _count_refused(uow, source_id, refused)
    if accepted:
        _heard(uow, source_id, first=bool(first))


def tell_silence(uow: UnitOfWork) -> int:
    """Tell marketing, or else the admins, of the sources that are silent for longer than usual; returns how many."""
    rows = uow.session.execute(_SILENT, {"org": uow.org_id, "now": uow.now, "most": CHUNK})
    found = sorted(rows, key=lambda row: row.id)
    for row in found:
        if row.heeded:
            _tell(uow, "source.silent", row.id, since=row.last_seen_at)
    return len(found)


def reasons(uow: UnitOfWork, source_id: int) -> list[Refused]:
    """Why posts of the last week were turned away, the most frequent reasons first."""
    args = {"org": uow.org_id, "source": source_id, "since": (uow.now - RECENT).date(), "most": MOST_REASONS}
    return [Refused(row.field, row.why, int(row.times), row.last_at) for row in uow.session.execute(_REASONS, args)]


def came(uow: UnitOfWork, source_id: int) -> Came:
    """How much came lately."""
    args = {
        "org": uow.org_id, "source": source_id, "day": uow.now - timedelta(days=1), "week": uow.now - RECENT,
        "month": uow.now - silence.WINDOW,
    }  # fmt: skip
    row = uow.session.execute(_CAME, args).one()
    return Came(
        int(row.day), int(row.week), int(row.month), int(row.day_rejected), int(row.week_rejected),
        int(row.month_rejected),
    )  # fmt: skip


def _count_refused(uow: UnitOfWork, source_id: int, refused: Mapping[Reason, int]) -> None:
    args = {
        "org": uow.org_id, "source": source_id, "now": uow.now, "day": uow.now.astimezone(UTC).date(),
        "fields": [field for field, _ in refused], "whys": [why for _, why in refused],
        "counts": list(refused.values()),
    }  # fmt: skip
    uow.session.execute(_REFUSED, args)


def _heard(uow: UnitOfWork, source_id: int, *, first: bool) -> None:
    """What is usual changes with the first post of an hour at most; and a source that was silent is back."""
    args = {"org": uow.org_id, "source": source_id}
    if first:
        hours = uow.session.scalars(_HOURS, args | {"since": uow.now - silence.WINDOW}).all()
        pause = silence.usual_pause(hours)
        if pause:
            uow.session.execute(_USUAL, args | {"pause": int(pause.total_seconds())})
    since = uow.session.scalar(_BACK, args)
    if since:
        _tell(uow, "source.back", source_id, since=since)


def keepers(uow: UnitOfWork, source_id: int) -> Sequence[int]:
    """Who is told of a source: marketing, or else the admins, and who looks after it."""
    found = sources.get(uow, source_id, also_off=True)
    owner = sources.owner(uow, found) if found else None
    return uow.session.scalars(_KEEPERS, {"org": uow.org_id, "owner": owner}).all()


def _tell(uow: UnitOfWork, topic: str, source_id: int, *, since: datetime) -> None:
    for member in keepers(uow, source_id):
        uow.notify(
            topic, to=member, data={"source": source_id, "since": since.isoformat()},
            key=f"{topic}:{source_id}:{member}:{since.isoformat()}",
        )  # fmt: skip
