"""Access tokens of chat platforms: their home. Redis only makes them fast."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base


class PlatformToken(Base):
    """One cached token of an installation, encrypted. Exempt from row security, like the workspace it belongs to."""

    __tablename__ = "platform_token"
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
