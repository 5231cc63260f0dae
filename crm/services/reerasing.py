"""After a backup was restored, whoever had been erased since is there again: a signed list erases them once more.

The list names nobody. It holds the fingerprints of their keys, and the organization's keys, sealed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm.services import erasing, keyring, suppressing
from crm.uow import UnitOfWork
from crm.vault import VaultError

FORMAT = "sluice erasures 1"
_ERASURES = text(
    """
    select e.id, e.person_id, e.basis, e.at, p.created_at from erasure e
    join person p on p.org_id = e.org_id and p.id = e.person_id
    where e.org_id = :org and e.scope = 'person' order by e.id
    """
)
_PRINTS = text("select erasure_id, kind, fingerprint from suppression where org_id = :org order by id")
_SEALED = text("select name, sealed from sealed_key where org_id = :org and name in ('erasure', 'suppression')")
_INSTALL = text(
    "insert into sealed_key (org_id, name, sealed, created_at) values (:org, :name, :sealed, :now)"
    " on conflict do nothing"
)
_SAME = text(
    "select id from person where org_id = :org and id = :person and created_at = :created and erased_at is null"
)
_PAGE = text(
    "select id, person_id, kind, value from person_key where org_id = :org and id > :after order by id limit :most"
)
STEP = 10_000


def listing(uow: UnitOfWork) -> dict[str, Any]:
    """All erasures so far, signed; to be kept apart from the backups."""
    prints: dict[int, list[list[str]]] = {}
    for row in uow.session.execute(_PRINTS, {"org": uow.org_id}):
        prints.setdefault(row.erasure_id, []).append([row.kind, row.fingerprint])
    erased = [
        {
            "person": row.person_id, "made": row.created_at.isoformat(), "basis": row.basis, "at": row.at.isoformat(),
            "prints": prints.get(row.id, []),
        }
        for row in uow.session.execute(_ERASURES, {"org": uow.org_id})
    ]  # fmt: skip
    key = keyring.key(uow, "erasure")
    keyring.key(uow, "suppression")
    keys = {
        row.name: base64.b64encode(bytes(row.sealed)).decode()
        for row in uow.session.execute(_SEALED, {"org": uow.org_id})
    }
    told = {"format": FORMAT, "organization": uow.org_id, "at": uow.now.isoformat(), "keys": keys, "erased": erased}
    return told | {"signature": keyring.sign(key, _words(told))}


def apply(uow: UnitOfWork, told: Mapping[str, Any]) -> int:
    """Erase once more whoever is in the list and there again; returns how many. Raises ValueError, VaultError."""
    if told.get("format") != FORMAT or told.get("organization") != uow.org_id:
        raise ValueError("not a list of this organization")
    sealed = {name: base64.b64decode(word) for name, word in told["keys"].items()}
    if uow.vault is None:
        raise VaultError("SLUICE_SECRET_KEY is missing: the list cannot be checked.")
    keys = {name: uow.vault.open(word) for name, word in sealed.items()}
    if keyring.sign(keys["erasure"], _words(told)) != told.get("signature"):
        raise ValueError("the list was changed")
    for name, word in sealed.items():
        uow.session.execute(_INSTALL, {"org": uow.org_id, "name": name, "sealed": word, "now": uow.now})
    found = _by_key(uow, keys["suppression"], told["erased"]) | _by_id(uow, told["erased"])
    return sum(erasing.erase(uow, person, by=None, basis="backup") is not None for person in sorted(found))


def _by_id(uow: UnitOfWork, erased: list[Mapping[str, Any]]) -> set[int]:
    """The same number may be somebody else's after a restore, but not at the same microsecond."""
    found = (
        uow.session.scalar(
            _SAME, {"org": uow.org_id, "person": each["person"], "created": datetime.fromisoformat(each["made"])}
        )
        for each in erased
    )
    return {person for person in found if person is not None}


def _by_key(uow: UnitOfWork, key: str, erased: list[Mapping[str, Any]]) -> set[int]:
    wanted = {(kind, value) for each in erased for kind, value in each["prints"]}
    found: set[int] = set()
    after = 0
    while wanted:
        page = uow.session.execute(_PAGE, {"org": uow.org_id, "after": after, "most": STEP}).all()
        found |= {
            row.person_id for row in page if (row.kind, suppressing.fingerprint(key, (row.kind, row.value))) in wanted
        }
        if len(page) < STEP:
            break
        after = page[-1].id
    return found


def _words(told: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in told.items() if name != "signature"}, sort_keys=True)
