"""Rows that are there once, however often a file is loaded: found by their natural key, added or brought up to date."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, select, update

from crm.models import Base
from crm.uow import UnitOfWork


@dataclass
class Rows:
    """What a load writes; `added` and `changed` count rows by table."""

    uow: UnitOfWork
    added: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def put(self, model: type[Base], match: dict[str, Any], values: dict[str, Any], **first: Any) -> int:
        """Make the row found by `match` have these values; `first` are set only when it is added. Returns its id."""
        table = model.__table__
        keyed = match | ({"org_id": self.uow.org_id} if "org_id" in table.c else {})
        where = [table.c[name].is_(None) if value is None else table.c[name] == value for name, value in keyed.items()]
        found = self.uow.session.execute(select(table).where(*where)).mappings().one_or_none()
        if found is None:
            self.added[model.__tablename__] += 1
            made = insert(table).values(**keyed | values | first).returning(table.c.id)  # type: ignore[arg-type]
            return int(self.uow.session.execute(made).scalar_one())
        new = {name: value for name, value in values.items() if found[name] != value}
        if new:
            self.changed[model.__tablename__] += 1
            self.uow.session.execute(update(table).where(*where).values(**new))  # type: ignore[arg-type]
        return int(found["id"])
