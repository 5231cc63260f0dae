"""The tenant, its chat installations, its departments and calendars."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Identity, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class Organization(Base):
    """One company. Exempt from row security: it holds no personal data and sweeps loop over it.

    Attributes:
        modules_off: the parts that it does without, by name.
        hooked: somebody is to be called when something happens.
    """

    __tablename__ = "organization"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    locale: Mapped[str]
    rule_set_id: Mapped[int | None]
    health_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    modules_off: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    hooked: Mapped[bool] = mapped_column(server_default="false")


class Workspace(Base):
    """A chat installation of an organization; secrets are encrypted. Exempt by name: it finds the tenant."""

    __tablename__ = "workspace"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    platform: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str]
    secrets: Mapped[bytes] = mapped_column(LargeBinary)
    config: Mapped[dict[str, Any]]
    dead_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("platform", "external_id"),)


class Department(Tenant, Base):
    """A node of the tree; `path` lists its ancestors' ids and its own, so a subtree is one array test."""

    __tablename__ = "department"
    key: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None]
    path: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    timezone: Mapped[str | None]
    locale: Mapped[str | None]
    __table_args__ = (UniqueConstraint("org_id", "key"),)


class TeamCalendar(Tenant, Base):
    """Working hours of a department (None: of the whole organization) in its own time zone."""

    __tablename__ = "team_calendar"
    department_id: Mapped[int | None]
    opens: Mapped[time]
    closes: Mapped[time]
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    country: Mapped[str | None]
    extra_holidays: Mapped[list[Any]]
    extra_workdays: Mapped[list[Any]]
    __table_args__ = (UniqueConstraint("org_id", "department_id", postgresql_nulls_not_distinct=True),)


class Leave(Tenant, Base):
    __tablename__ = "leave"
    member_id: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    __table_args__ = (ForeignKeyConstraint(["org_id", "member_id"], ["member.org_id", "member.id"]),)
