"""What happened is read in the order of its transactions; a dump brings their numbers into a database that counts anew.

Whatever came from elsewhere lies before all that is to come, in the order in which it was written.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

_AHEAD = text(
    """
    select o.id from organization o
    where greatest((select max(xact) from activity a where a.org_id = o.id),
                   (select max(xact) from happening h where h.org_id = o.id)) > pg_current_xact_id()::text::bigint
    """
)
_BEHIND = (
    text("update activity set xact = 0 where org_id = any(:ids)"),
    text("update happening set xact = 0 where org_id = any(:ids)"),
    # Nobody is called about what others were told before the dump.
    text("update hook set xact = 0, kind = 1, entry = 4611686018427387904 where org_id = any(:ids)"),
)


def put_behind(connection: Connection) -> int:
    """Bring the facts of a restored database behind what is to come; returns of how many organizations."""
    ids = list(connection.scalars(_AHEAD))
    for statement in _BEHIND if ids else ():
        connection.execute(statement, {"ids": ids})
    return len(ids)
