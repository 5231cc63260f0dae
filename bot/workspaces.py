"""Which chat installations there are: found by platform and id, secrets decrypted, remembered for a few seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bot.platforms.base import Workspace
from crm import models
from crm.db import Database
from crm.vault import Vault

FRESH_FOR = 5.0  # seconds


class Workspaces:
    """A read-through cache over the table `workspace`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self.vault = database, vault
        self._all: list[Workspace] = []
        self._until = 0.0
        self._lock = Lock()

    def find(self, platform: str, external_id: str) -> Workspace | None:
        """The installation with that id, if it is connected."""
        return next((w for w in self._known() if (w.platform, w.external_id) == (platform, external_id)), None)

    def by_id(self, workspace_id: int) -> Workspace | None:
        return next((w for w in self._known() if w.id == workspace_id), None)

    def all(self, platform: str) -> list[Workspace]:
        return [w for w in self._known() if w.platform == platform]

    def install(
        self,
        *,
        org_id: int,
        platform: str,
        external_id: str,
        name: str,
        secrets: Mapping[str, str],
        config: Mapping[str, Any],
    ) -> Workspace:
        """Connect an installation, or renew its secrets."""
        with self._database.begin() as uow:
            row = uow.session.execute(
                text(
                    """
                    insert into workspace (org_id, platform, external_id, name, secrets, config, created_at)
                    values (:org, :platform, :external, :name, :secrets, cast(:config as jsonb), :now)
                    on conflict (platform, external_id) do update set name = excluded.name, secrets = excluded.secrets,
                        config = workspace.config || excluded.config, dead_at = null
                    returning id
                    """
                ),
                {
                    "org": org_id, "platform": platform, "external": external_id, "name": name,
                    "secrets": self.vault.seal_all(secrets), "config": json.dumps(dict(config)), "now": uow.now,
                },
            ).one()  # fmt: skip
        self.forget()
        found = self.by_id(row.id)
        assert found is not None, "it was just written"
        return found

    def uninstall(self, workspace_id: int) -> None:
        """The installation is gone or refuses its credentials: nothing is sent to it until it is connected again."""
        with self._database.begin() as uow:
            uow.session.execute(
                update(models.Workspace).where(models.Workspace.id == workspace_id).values(dead_at=uow.now)
            )
        self.forget()

    def forget(self) -> None:
        """Read the table again at the next question."""
        self._until = 0.0

    def _known(self) -> list[Workspace]:
        if time.monotonic() >= self._until:
            with self._lock:
                if time.monotonic() >= self._until:
                    self._all, self._until = self._read_or_keep(), time.monotonic() + FRESH_FOR
        return self._all

    def _read_or_keep(self) -> list[Workspace]:
        """While the database is away, what is known serves on: a door needs its keys to answer politely."""
        try:
            return self._read()
        except SQLAlchemyError:
            if not self._all:
                raise
            return self._all

    def _read(self) -> list[Workspace]:
        with self._database.session() as session:
            rows = session.scalars(select(models.Workspace).where(models.Workspace.dead_at.is_(None))).all()
        return [
            Workspace(
                id=row.id, org_id=row.org_id, platform=row.platform, external_id=row.external_id, name=row.name,
                secrets=self.vault.open_all(row.secrets), config=row.config,
            )
            for row in rows
        ]  # fmt: skip
