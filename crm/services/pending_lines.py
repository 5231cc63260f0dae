"""Lines that wait for the tap which says what they are about: typed once, and never again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete

from crm.errors_of_asking import LineGone
from crm.models import PendingLine
from crm.rules.access import Actor
from crm.uow import UnitOfWork

GOOD_FOR = timedelta(hours=12)
LONGEST = 8000


def keep(uow: UnitOfWork, *, actor: Actor, command: str, words: str, files: Sequence[int] = ()) -> int:
    """Put a line aside; returns its number. `files` are attachments that came with it."""
    line = PendingLine(
        org_id=uow.org_id, member_id=actor.id, command=command, words=words[:LONGEST], files=list(files),
        created_at=uow.now, expires_at=uow.now + GOOD_FOR,
    )  # fmt: skip
    uow.session.add(line)
    uow.session.flush()
    return line.id


def take(uow: UnitOfWork, *, actor: Actor, line_id: int) -> PendingLine:
    """An own line, which is gone from then on: it is done once. Raises LineGone."""
    own = (PendingLine.org_id == uow.org_id, PendingLine.id == line_id, PendingLine.member_id == actor.id)
    found: PendingLine | None = uow.session.scalar(
        delete(PendingLine).where(*own, PendingLine.expires_at > uow.now).returning(PendingLine)
    )
    if found is None:
        raise LineGone
    return found


def read(uow: UnitOfWork, *, actor: Actor, line_id: int) -> PendingLine | None:
    """An own line, to be shown while it waits."""
    found = uow.session.get(PendingLine, (uow.org_id, line_id))
    return found if found and found.member_id == actor.id else None
