"""Everything that a merge will change, locked: leads by id, then persons by id; the ledger comes last, by member id.

That is the order of all who change owners. Only an import locks a person before its leads. Lest the two wait for each
other, whoever merges waits for a person a moment only, then lets go of the leads and begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm.errors import Conflict
from crm.rules.dedupe_survivor import Standing
from crm.services import assignments
from crm.uow import UnitOfWork

TRIES = 5
_PATIENCE = "150ms"
_LEADS = text(
    """
    select id, number, person_id, line_id, status, owner_id, followed_up_at, assigned_at, version from lead
    where org_id = :org and person_id = any(:persons) order by id
    """
)
_PATIENT = text("select set_config('lock_timeout', :patience, true)")
_PATIENCE_NOW = text("select current_setting('lock_timeout')")
# For update: who enters a further lead of these persons holds a key lock, and has to be waited for.
_LOCK_PERSONS = text("select id from person where org_id = :org and id = any(:persons) order by id for update")


def leads_of(uow: UnitOfWork, persons: Sequence[int]) -> list[Standing]:
    """All leads of these persons, also those that are closed."""
    rows = uow.session.execute(_LEADS, {"org": uow.org_id, "persons": list(persons)})
    return [Standing(*row) for row in rows]


def lock(uow: UnitOfWork, persons: Sequence[int], more: Sequence[int] = ()) -> list[Standing]:
    """Lock these persons with all their leads, and `more` leads; returns the persons' leads.

    Raises: Conflict when there is no end of changes.
    """
    for _ in range(TRIES):
        with uow.session.begin_nested() as attempt:
            seen = {lead.id for lead in leads_of(uow, persons)}
            assignments.lock(uow, sorted(seen.union(more)), [])
            if _lock_persons(uow, persons):
                found = leads_of(uow, persons)
                if {lead.id for lead in found} <= seen:
                    return found
            attempt.rollback()
    raise Conflict


def _lock_persons(uow: UnitOfWork, persons: Sequence[int]) -> bool:
    """False when somebody else has one of them for longer than a moment."""
    before = uow.session.execute(_PATIENCE_NOW).scalar_one()
    try:
        with uow.session.begin_nested():
            uow.session.execute(_PATIENT, {"patience": _PATIENCE})
            uow.session.execute(_LOCK_PERSONS, {"org": uow.org_id, "persons": list(persons)})
            uow.session.execute(_PATIENT, {"patience": before})
    except OperationalError as late:
        if isinstance(late.orig, pg.LockNotAvailable):
            return False
        raise
    return True
