"""What is left of a person who was erased, the keys of an organization, and who did what that must be answered for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base, Tenant


class SealedKey(Tenant, Base):
    """A random key of an organization, sealed with the installation's, so that this one can be changed: `name` is what
    it is for, of `crm.services.keyring`.
    """

    __tablename__ = "sealed_key"
    name: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("org_id", "name"),)


class Erasure(Tenant, Base):
    """That somebody's personal data went: when, by whom, on which ground, how much; nothing of the person.

    Attributes:
        scope: `person`, or `leads` where closed leads lost their words and the person stays.
        basis: `request`, `retention`, `mistake`, or `backup` for one that was applied again.
        signature: of the other columns, by the organization's key.
    """

    __tablename__ = "erasure"
    scope: Mapped[str]
    person_id: Mapped[int]
    basis: Mapped[str]
    by_id: Mapped[int | None]
    at: Mapped[datetime]
    counts: Mapped[dict[str, Any]]
    signature: Mapped[str]
    __table_args__ = (
        Index("ix_erasure_person", "org_id", "person_id"),
        CheckConstraint("scope in ('person','leads')", "scope"),
        CheckConstraint("basis in ('request','retention','mistake','backup')", "basis"),
    )


class Suppression(Tenant, Base):
    """A key of somebody erased, as a fingerprint that only the organization's key can make again."""

    __tablename__ = "suppression"
    kind: Mapped[str]
    fingerprint: Mapped[str]
    erasure_id: Mapped[int]
    at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("org_id", "kind", "fingerprint"),
        Index("ix_suppression_erasure", "org_id", "erasure_id"),
    )


class Audit(Tenant, Base):
    """What an administrator did, or anybody with data that must be answered for. The application can only add to it.

    Attributes:
        verb: such as `role.changed`; `subject`: what it was done to, such as `member:12`.
        data: ids, codes and figures, no personal text of customers.
        via: `chat`, `cli`, or `engine`.
    """

    __tablename__ = "audit"
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    verb: Mapped[str]
    subject: Mapped[str]
    data: Mapped[dict[str, Any]]
    via: Mapped[str]
    __table_args__ = (
        Index("ix_audit_at", "org_id", "at"),
        CheckConstraint("via in ('chat','cli','engine')", "via"),
    )


class AuditSeal(Base):
    """The place of a row of the audit in the chain, and the digest of all up to there. Only ever added to."""

    __tablename__ = "audit_seal"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    audit_id: Mapped[int]
    digest: Mapped[str]
    __table_args__ = (UniqueConstraint("org_id", "audit_id"),)


class AuditHead(Base):
    """Where the chain ends, signed, so that it cannot be cut off: `purged` positions at its beginning were too old."""

    __tablename__ = "audit_head"
    org_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    position: Mapped[int]
    last_id: Mapped[int]
    digest: Mapped[str]
    purged: Mapped[int] = mapped_column(server_default=text("0"))
    signature: Mapped[str]
    at: Mapped[datetime]
