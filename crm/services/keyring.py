"""The random keys of an organization, made when first needed and kept sealed with the installation's key.

They stay when that one is changed: what was signed or fingerprinted with them can still be checked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

from sqlalchemy import text

from crm.uow import UnitOfWork
from crm.vault import Vault, VaultError

# `audit` signs the chain of the audit, `erasure` the records of erasures, `suppression` fingerprints who was erased.
Purpose = Literal["audit", "erasure", "suppression"]
_FIND = text("select sealed from sealed_key where org_id = :org and name = :name")
_MAKE = text(
    "insert into sealed_key (org_id, name, sealed, created_at) values (:org, :name, :sealed, :now)"
    " on conflict (org_id, name) do nothing"
)


def key(uow: UnitOfWork, purpose: Purpose) -> str:
    """The organization's key for that purpose, made if there is none yet. Raises VaultError."""
    found = known(uow, purpose)
    if found is None:
        sealed = _vault(uow).seal(secrets.token_urlsafe(32))
        uow.session.execute(_MAKE, {"org": uow.org_id, "name": purpose, "sealed": sealed, "now": uow.now})
        found = known(uow, purpose)  # somebody else's, if they were faster
    assert found is not None, "just made"
    return found


def known(uow: UnitOfWork, purpose: Purpose) -> str | None:
    """The key, or None where nothing has needed it yet. Raises VaultError."""
    sealed = uow.session.scalar(_FIND, {"org": uow.org_id, "name": purpose})
    return None if sealed is None else _vault(uow).open(bytes(sealed))


def sign(key: str, words: str) -> str:
    """A signature as hexadecimal digits: HMAC-SHA256."""
    return hmac.new(key.encode(), words.encode(), hashlib.sha256).hexdigest()


def _vault(uow: UnitOfWork) -> Vault:
    if uow.vault is None:
        raise VaultError("SLUICE_SECRET_KEY is missing: the organization's keys cannot be read.")
    return uow.vault
