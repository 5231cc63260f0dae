"""The mapping base: every tenant table has `org_id` first in its key; times are aware."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """No lazy loading: there are no relationships, services read what they need in one statement."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Tenant:
    """A row of one organization, under row level security."""

    __abstract__ = True

    @declared_attr
    def org_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("organization.id"), primary_key=True, sort_order=-2)

    @declared_attr
    def id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-1)


class Belonging(Tenant):
    """A row of one organization that belongs to another of its rows, whose own keys say that there is the organization.

    A key of its own would say so once more, and be checked for each of a million rows.
    """

    __abstract__ = True

    @declared_attr
    def org_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, primary_key=True, sort_order=-2)
