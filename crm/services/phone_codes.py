"""Codes that prove a phone: owed here, made and sent by a job through whatever gateway is set up, proven here.

A code exists in the clear only while the job sends it: the row keeps its hash. Whoever knows none learns nothing, and
each phone and each address may ask a few times only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from crm import queue
from crm.uow import UnitOfWork

LIFE = timedelta(minutes=10)
ATTEMPTS = 5
PER_PHONE, PER_ADDRESS, PER_ORGANIZATION = 3, 10, 500
_ROUNDS = 20_000
_ASKED = text(
    """
    select count(*) filter (where phone = :phone) as phone, count(*) filter (where address_hash = :address) as address,
           count(*) as every
    from phone_code where org_id = :org and created_at > :since
    """
)
_OWE = text(
    """
    insert into phone_code (org_id, phone, address_hash, locale, state, attempts, created_at)
    values (:org, :phone, :address, :locale, 'owed', 0, :now) returning id
    """
)
_MAKE = text(
    """
    update phone_code p set state = 'sent', code_hash = :hash, expires_at = :until from organization o
    where p.org_id = :org and p.id = :id and p.state = 'owed' and o.id = p.org_id
    returning p.phone, p.locale, o.name
    """
)
_SETTLE = text(
    "update phone_code set state = :to, code_hash = null where org_id = :org and id = :id and state = 'sent'"
)
_TRY = text(
    """
    update phone_code set attempts = attempts + 1
    where org_id = :org and id = :id and state = 'sent' and expires_at > :now and attempts < :most
    returning code_hash, phone
    """
)
_PROVEN = text(
    """
    with proven as (
        update phone_code set state = 'proven', code_hash = null where org_id = :org and id = :id
    ), key as (
        update person_key set verified = true where org_id = :org and kind = 'phone' and value = :phone
        returning person_id
    )
    select l.id from lead l join key on key.person_id = l.person_id where l.org_id = :org and l.status = 'open'
    """
)
_DOUBT = text(
    """
    update person_key set verified = false
    where org_id = :org and kind = 'phone' and value = :phone and verified is null
    """
)


@dataclass(frozen=True, slots=True)
class Code:
    """What a gateway is told."""

    id: int
    phone: str
    code: str
    locale: str
    organization: str


def doubt(uow: UnitOfWork, phone: str) -> None:
    """Nobody has shown yet that this phone is the person's own."""
    uow.session.execute(_DOUBT, {"org": uow.org_id, "phone": phone})


def ask(uow: UnitOfWork, *, phone: str, address: str, locale: str) -> int | None:
    """Owe a code to a phone. Args: address: who asks. Returns its id; None when there were too many within the hour."""
    args = {
        "org": uow.org_id, "phone": phone, "address": _digest(address), "locale": locale, "now": uow.now,
        "since": uow.now - timedelta(hours=1),
    }  # fmt: skip
    asked = uow.session.execute(_ASKED, args).one()
    if asked.phone >= PER_PHONE or asked.address >= PER_ADDRESS or asked.every >= PER_ORGANIZATION:
        return None
    code_id = int(uow.session.execute(_OWE, args).scalar_one())
    uow.defer(queue.Order(queue.SMS, {"org_id": uow.org_id, "code_id": code_id}))
    return code_id


def make(uow: UnitOfWork, code_id: int) -> Code | None:
    """The code that is to be sent now; None when it was sent already. Twice is harmless."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    args = {"org": uow.org_id, "id": code_id, "hash": _hash(code_id, code), "until": uow.now + LIFE}
    row = uow.session.execute(_MAKE, args).one_or_none()
    return Code(code_id, row.phone, code, row.locale, row.name) if row else None


def settle(uow: UnitOfWork, code_id: int, *, again: bool) -> None:
    """The gateway did not take it: owed as before, or given up."""
    uow.session.execute(_SETTLE, {"org": uow.org_id, "id": code_id, "to": "owed" if again else "failed"})


def prove(uow: UnitOfWork, *, code_id: int, given: str) -> bool:
    """Whether this is the code; then the phone is the person's own. Five attempts, ten minutes."""
    args = {"org": uow.org_id, "id": code_id, "now": uow.now, "most": ATTEMPTS}
    row = uow.session.execute(_TRY, args).one_or_none()
    if row is None or not hmac.compare_digest(row.code_hash, _hash(code_id, given)):
        return False
    uow.touch(*uow.session.scalars(_PROVEN, args | {"phone": row.phone}))
    return True


def _hash(code_id: int, code: str) -> str:
    """Slow on purpose: there are a million codes only."""
    return hashlib.pbkdf2_hmac("sha256", code.encode(), f"phone code {code_id}".encode(), _ROUNDS).hex()


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
