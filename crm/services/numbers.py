"""Short references: every organization counts its own leads."""

from __future__ import annotations

from sqlalchemy import text

from crm.uow import UnitOfWork

_NEXT = text("select sluice_next_numbers(:org, :many)")


def next_numbers(uow: UnitOfWork, many: int) -> list[int]:
    """Numbers for that many new leads; some may stay unused, none is given twice."""
    return list(uow.session.scalars(_NEXT, {"org": uow.org_id, "many": many}))


def next_number(uow: UnitOfWork) -> int:
    """The number of one new lead."""
    return next_numbers(uow, 1)[0]
