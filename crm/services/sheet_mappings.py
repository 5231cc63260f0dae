"""What the columns of a kind of file mean, kept under a name and recognised by the headings the next time."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Row, text

from crm.uow import UnitOfWork

_BY_COLUMNS = text(
    "select name, fields from sheet_mapping where org_id = :org and columns = :columns"
    " order by used_at desc, id desc limit 1"
)
_ALL = text("select name, fields from sheet_mapping where org_id = :org order by name")
_SAVE = text(
    """
    insert into sheet_mapping (org_id, name, columns, fields, by_id, created_at, used_at)
    values (:org, :name, :columns, cast(:fields as jsonb), :by, :now, :now)
    on conflict (org_id, name) do update set columns = excluded.columns, fields = excluded.fields,
        by_id = excluded.by_id, used_at = excluded.used_at
    """
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A mapping.

    Args:
        columns: heading to our field; empty: kept beside the lead.
        values: what words of a field mean, `{"stage": {"engaging": "contacted"}}`, in lower case.
        day_first: whether 3/4/2026 is in April; None: as the country writes it.
    """

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    day_first: bool | None = None


def name_of_columns(header: Sequence[str]) -> str:
    """A short name of the headings together, whatever their order, case and blanks."""
    plain = sorted("".join(unicodedata.normalize("NFKC", heading).lower().split()) for heading in header)
    return hashlib.sha256("\n".join(plain).encode("utf-8", "replace")).hexdigest()[:32]


def recognised(uow: UnitOfWork, columns: str) -> Kept | None:
    """What was said last about a file with these columns. Args: columns: see `name_of_columns`."""
    args = {"org": uow.org_id, "columns": columns}
    row = uow.session.execute(_BY_COLUMNS, args).one_or_none()
    return _kept(row) if row else None


def every(uow: UnitOfWork) -> list[Kept]:
    """All that are kept, by name."""
    return [_kept(row) for row in uow.session.execute(_ALL, {"org": uow.org_id})]


def save(uow: UnitOfWork, kept: Kept, columns: str, *, by: int | None = None) -> None:
    """Keep what these columns mean; another one of that name goes. Args: columns: see `name_of_columns`."""
    fields = {"columns": dict(kept.columns), "values": dict(kept.values), "day_first": kept.day_first}
    args = {"org": uow.org_id, "name": kept.name[:80], "columns": columns, "by": by, "now": uow.now}
    uow.session.execute(_SAVE, args | {"fields": json.dumps(fields, ensure_ascii=False)})


def _kept(row: Row[tuple[str, dict[str, object]]]) -> Kept:
    return Kept(row.name, **row.fields)
