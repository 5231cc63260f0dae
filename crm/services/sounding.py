"""How the names of customers sound, worked out where it is not known: after a change of name, and of old records."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, text

from crm.rules import sound
from crm.uow import UnitOfWork

CHUNK = 2_000
_UNHEARD = text(
    """
    select id, name from person where org_id = :org and sound is null order by id limit :chunk
    for no key update skip locked
    """
)
_SET = text(
    """
    update person p set sound = s.sound from unnest(cast(:ids as bigint[]), cast(:sounds as text[])) as s(id, sound)
    where p.org_id = :org and p.id = s.id
    """
)


def catch_up(uow: UnitOfWork) -> int:
    """The next names that nobody has listened to; returns how many there were."""
    rows: Sequence[Row[tuple[int, str]]] = uow.session.execute(_UNHEARD, {"org": uow.org_id, "chunk": CHUNK}).all()
    if rows:
        sounds = [sound.of_name(row.name) for row in rows]
        uow.session.execute(_SET, {"org": uow.org_id, "ids": [row.id for row in rows], "sounds": sounds})
    return len(rows)
