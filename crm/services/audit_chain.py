"""The chain over the audit: each entry gets a position and a digest of all before it, and the end of it is signed.

The key lies outside the database's reach, sealed; whoever can only write to the database can make no digest. That
somebody puts back an older end, with all that came after it deleted, is found by the end that was exported or logged
before: `verify` takes it as `since`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text

from crm.services import keyring
from crm.uow import UnitOfWork

log = structlog.get_logger()

CHUNK = 1_000
# Entries get their numbers before they are committed: so far back late ones are looked for.
LATE = 10_000
START = "0" * 64
KEPT_AT_LEAST = timedelta(days=3 * 366)
_HEAD = text("select position, last_id, digest, purged, signature from audit_head where org_id = :org for update")
_BEGIN = text(
    "insert into audit_head (org_id, position, last_id, digest, purged, signature, at)"
    " values (:org, 0, 0, :digest, 0, :signature, :now) on conflict do nothing"
)
_WAITING = text(
    """
    select a.id, a.at, a.actor_id, a.verb, a.subject, a.data, a.via
    from audit a left join audit_seal s on s.org_id = a.org_id and s.audit_id = a.id
    where a.org_id = :org and a.id > cast(:last as bigint) - :late and s.audit_id is null
    order by a.id limit :chunk
    """
)
_SEAL = text(
    """
    insert into audit_seal (org_id, position, audit_id, digest)
    select :org, r.position, r.audit, r.digest
    from unnest(cast(:positions as bigint[]), cast(:audits as bigint[]), cast(:digests as text[]))
        as r(position, audit, digest)
    """
)
_MOVE = text(
    "update audit_head set position = :position, last_id = greatest(last_id, :last), digest = :digest,"
    " purged = :purged, signature = :signature, at = :now where org_id = :org"
)
_CHAIN = text(
    """
    select s.position, s.digest, s.audit_id, a.id, a.at, a.actor_id, a.verb, a.subject, a.data, a.via
    from audit_seal s left join audit a on a.org_id = s.org_id and a.id = s.audit_id
    where s.org_id = :org and s.position > :after order by s.position limit :chunk
    """
)
_LOOSE = text(
    """
    select a.id from audit a left join audit_seal s on s.org_id = a.org_id and s.audit_id = a.id
    where a.org_id = :org and s.audit_id is null and a.id <= cast(:last as bigint) - :late order by a.id limit 100
    """
)
_NEWS = text(
    "select exists (select from audit where org_id = :org and id > coalesce("
    "(select last_id from audit_head where org_id = :org), 0))"
)
# All up to the first that is young enough to be kept.
_OLD = text(
    """
    select coalesce(min(s.position) - 1, (select position from audit_head where org_id = :org))
    from audit a join audit_seal s on s.org_id = a.org_id and s.audit_id = a.id
    where a.org_id = :org and a.at >= :before
    """
)
_PURGE = text("select sluice_audit_purge(:before, :upto, :most)")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: what to keep elsewhere, so that a chain cut off before it is found out."""

    position: int
    digest: str

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where: `deleted`, `changed`, `gap`, `cut`, `head`, or `loose` for an entry put in later."""

    what: str
    position: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found. `entries` were checked; `purged` were too old to be kept."""

    head: Head
    entries: int
    purged: int
    findings: tuple[Finding, ...]


def seal_due(uow: UnitOfWork) -> int:
    """Give entries their places; returns how many. Runs one at a time for each organization."""
    args = {"org": uow.org_id, "now": uow.now}
    if not uow.session.scalar(_NEWS, args):
        return 0
    key = keyring.key(uow, "audit")
    uow.session.execute(_BEGIN, args | {"digest": START, "signature": _signed(key, Head(0, START), 0)})
    head = uow.session.execute(_HEAD, args).one()
    found = uow.session.execute(_WAITING, args | {"last": head.last_id, "late": LATE, "chunk": CHUNK}).all()
    if not found:
        return 0
    digests = list(_digests(key, head.digest, found))
    end = Head(head.position + len(found), digests[-1])
    places = list(range(head.position + 1, end.position + 1))
    uow.session.execute(_SEAL, args | {"positions": places, "audits": [row.id for row in found], "digests": digests})
    _move(uow, key, end, found[-1].id, head.purged)
    log.info("audit.sealed", org=uow.org_id, head=str(end))
    return len(found)


def verify(uow: UnitOfWork, *, since: Head | None = None) -> Verified:
    """Check every entry and the end. Args: since: an end that was kept elsewhere, which the chain must contain."""
    key = keyring.known(uow, "audit") or ""
    head = uow.session.execute(_HEAD, {"org": uow.org_id}).one_or_none()
    if head is None:
        nothing = Verified(Head(0, START), 0, 0, ())
        return nothing if not (key or since) else Verified(nothing.head, 0, 0, (Finding("cut", 0),))
    end = Head(head.position, head.digest)
    findings: list[Finding] = []
    if head.signature != _signed(key, end, head.purged):
        findings.append(Finding("head", head.position))
    entries, last = _walk(uow, key, head.purged, since, findings)
    if last != end:
        findings.append(Finding("cut", last.position))
    loose = uow.session.scalars(_LOOSE, {"org": uow.org_id, "last": head.last_id, "late": LATE}).all()
    findings += [Finding("loose", entry) for entry in loose]
    if since and since.position > last.position:
        findings.append(Finding("cut", last.position))
    return Verified(end, entries, head.purged, tuple(dict.fromkeys(findings)))


def purge(uow: UnitOfWork, before: datetime, most: int) -> int:
    """Take away what is older than that, and never what is younger than three years; returns how many went."""
    before = min(before, uow.time() - KEPT_AT_LEAST)
    head = uow.session.execute(_HEAD, {"org": uow.org_id}).one_or_none()
    if head is None:
        return 0
    upto = uow.session.scalar(_OLD, {"org": uow.org_id, "before": before})
    key = keyring.key(uow, "audit")
    gone = int(uow.session.scalar(_PURGE, {"before": before, "upto": upto, "most": most}) or 0)
    if gone:
        _move(uow, key, Head(head.position, head.digest), head.last_id, head.purged + gone)
    return gone


def read_head(words: str) -> Head:
    """An end as `str(head)` writes it. Raises ValueError."""
    position, _colon, digest = words.strip().partition(":")
    return Head(int(position), digest)


def _walk(uow: UnitOfWork, key: str, purged: int, since: Head | None, findings: list[Finding]) -> tuple[int, Head]:
    last, entries = Head(0, START), 0
    while page := uow.session.execute(_CHAIN, {"org": uow.org_id, "after": last.position, "chunk": CHUNK}).all():
        for row in page:
            findings += _wrong(key, last, row, purged, since)
            last, entries = Head(row.position, row.digest), entries + (row.id is not None)
    return entries, last


def _wrong(key: str, last: Head, row: Row[Any], purged: int, since: Head | None) -> Iterator[Finding]:
    if row.position != last.position + 1:
        yield Finding("gap", last.position + 1)
    if row.id is None:
        if row.position > purged:
            yield Finding("deleted", row.position)
    elif row.digest != _digest(key, last.digest, row):
        yield Finding("changed", row.position)
    if since and row.position == since.position and row.digest != since.digest:
        yield Finding("changed", row.position)


def _move(uow: UnitOfWork, key: str, end: Head, last_id: int, purged: int) -> None:
    args = {"position": end.position, "digest": end.digest, "last": last_id, "purged": purged}
    signature = _signed(key, end, purged)
    uow.session.execute(_MOVE, args | {"org": uow.org_id, "now": uow.now, "signature": signature})


def _digests(key: str, before: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
    for row in rows:
        before = _digest(key, before, row)
        yield before


def _digest(key: str, before: str, row: Row[Any]) -> str:
    entry = [row.id, row.at.isoformat(), row.actor_id, row.verb, row.subject, row.data, row.via]
    return keyring.sign(key, before + json.dumps(entry, sort_keys=True, ensure_ascii=True))


def _signed(key: str, head: Head, purged: int) -> str:
    return keyring.sign(key, f"head {head} {purged}")
