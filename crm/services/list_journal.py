"""What stood in the lists before a change, so that the whole change can be taken back, with the leads it moved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from crm.errors_of_catalogue import NothingInLists
from crm.rules.access import Actor
from crm.services import catalogue, list_moves
from crm.services.list_moves import Move
from crm.uow import UnitOfWork

# What of a row a change may touch, and an undo puts back.
_COLUMNS = {
    "list_entry": ("name", "name_zh", "aliases", "position", "standard", "retired_at"),
    "custom_field": (
        "name", "name_zh", "aliases", "kind", "required_stage", "sensitive", "shown", "position", "retired_at",
    ),
    "stage": ("name", "name_zh", "aliases", "position", "retired_at"),
    "source": ("name", "name_zh", "aliases", "enabled"),
}  # fmt: skip
# Who looks after it is put back by itself only: meanwhile somebody may have handed it over.
OWNED = "owned"
_INSERT = text(
    """
    insert into list_change (org_id, by_id, at, verb, list, before, moved)
    values (:org, :by, :now, :verb, :list, cast(:before as jsonb), cast(:moved as jsonb)) returning id
    """
)
_LAST = text(
    """
    select id, verb, list, before, moved from list_change
    where org_id = :org and undone_at is null and id = :id for update
    """
)
_FORGET = text(
    """
    update list_change c set moved = coalesce((
        select jsonb_agg(m) from jsonb_array_elements(c.moved) m where cast(m ->> 0 as bigint) <> all(:leads)), '[]')
    where c.org_id = :org and exists (
        select from jsonb_array_elements(c.moved) m where cast(m ->> 0 as bigint) = any(:leads))
    """
)
_UNDONE = text("update list_change set undone_at = :now where org_id = :org and id = :id")


@dataclass
class Journal:
    """One change while it is made. `uow`, who makes it, its verb and its list."""

    uow: UnitOfWork
    actor: Actor | None
    verb: str
    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    made: list[tuple[str, int]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)

    def keep(self, table: str, ids: Sequence[int]) -> None:
        """Remember these rows as they are now, each once."""
        kept = {(row["table"], row["row"]["id"]) for row in self.rows}
        found = text(f"select to_jsonb(t) from {table} t where org_id = :org and id = any(:ids) for update")  # noqa: S608
        for row in self.uow.session.scalars(
            found, {"org": self.uow.org_id, "ids": [one for one in ids if (table, one) not in kept]}
        ):
            self.rows.append({"table": table, "row": row})

    def move(self, moves: Sequence[Move]) -> int:
        """Write these leads anew and remember what they carried. Returns how many they are."""
        written = set(list_moves.write(self.uow, self.name, moves))
        self.moves += [move for move in moves if move[0] in written]
        return len(written)

    def close(self) -> int:
        """Write the change down; returns its id. The lists are read anew from here on."""
        catalogue.forget(self.uow)
        args = {
            "org": self.uow.org_id, "by": self.actor.id if self.actor else None, "now": self.uow.now,
            "verb": self.verb, "list": self.name, "moved": json.dumps(self.moves),
            "before": json.dumps({"rows": self.rows, "made": self.made}),
        }  # fmt: skip
        return int(self.uow.session.execute(_INSERT, args).scalar_one())


def take_back(uow: UnitOfWork, change_id: int) -> str:
    """Everything as it was before this change; leads that have another value by now keep it. Returns the list.

    Raises: NothingInLists.
    """
    row = uow.session.execute(_LAST, {"org": uow.org_id, "id": change_id}).one_or_none()
    if row is None:
        raise NothingInLists
    for table, made in row.before["made"]:
        gone = text(f"delete from {table} where org_id = :org and id = :id")  # noqa: S608
        uow.session.execute(gone, {"org": uow.org_id, "id": made})
    # Only one value is the standard one, so those that are not any more come first.
    for kept in sorted(row.before["rows"], key=lambda kept: bool(kept["row"].get("standard"))):
        _put_back(uow, kept["table"], kept["row"], ("owner_id",) if row.verb == OWNED else _COLUMNS[kept["table"]])
    list_moves.write(uow, row.list, [(lead, new, old) for lead, old, new in row.moved])
    uow.session.execute(_UNDONE, {"org": uow.org_id, "id": change_id, "now": uow.now})
    catalogue.forget(uow)
    return str(row.list)


def forget(uow: UnitOfWork, lead_ids: Sequence[int]) -> None:
    """What these leads carried before a change is erased with them; an undo of the change leaves them alone."""
    uow.session.execute(_FORGET, {"org": uow.org_id, "leads": list(lead_ids)})


def _put_back(uow: UnitOfWork, table: str, row: dict[str, Any], names: Sequence[str]) -> None:
    columns = ", ".join(f"{name} = was.{name}" for name in names)
    statement = text(
        f"update {table} t set {columns}"  # noqa: S608
        f" from jsonb_populate_record(cast(null as {table}), cast(:row as jsonb)) was"
        " where t.org_id = :org and t.id = was.id"
    )
    uow.session.execute(statement, {"org": uow.org_id, "row": json.dumps(row)})
