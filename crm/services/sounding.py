"""How names sound and what tells companies apart, worked out where it is not known: of old records, after a change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, text

from crm.rules import sound
from crm.rules.dedupe_words import firm
from crm.uow import UnitOfWork

CHUNK = 2_000
_UNHEARD = text(
    """
    select id, name, company from person where org_id = :org and (sound is null or firm is null)
    order by id limit :chunk
    for no key update skip locked
    """
)
_SET = text(
    """
    update person p set sound = s.sound, firm = s.firm
    from unnest(cast(:ids as bigint[]), cast(:sounds as text[]), cast(:firms as text[])) as s(id, sound, firm)
    where p.org_id = :org and p.id = s.id
    """
)


def catch_up(uow: UnitOfWork) -> int:
    """The next names that nobody has listened to; returns how many there were."""
    rows: Sequence[Row[tuple[int, str, str]]] = uow.session.execute(_UNHEARD, {"org": uow.org_id, "chunk": CHUNK}).all()
    if rows:
        sounds = [sound.of_name(row.name) for row in rows]
        firms = [firm(row.company) for row in rows]
        args = {"org": uow.org_id, "ids": [row.id for row in rows], "sounds": sounds, "firms": firms}
        uow.session.execute(_SET, args)
    return len(rows)
