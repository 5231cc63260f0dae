"""Which chat installations there are: found by platform and id, secrets decrypted, remembered for a few seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.exc import SQLAlchemyError

from bot.platforms.base import Workspace
from crm import models
from crm.db import Database
from crm.vault import Vault, VaultError

log = structlog.get_logger()
FRESH_FOR = 5.0  # seconds
MOST_ASKED = 10_000  # questions remembered: strangers may ask for installations that do not exist
_OF_COMPANY = (
    "platform = :one and (:two = '' or config ->> 'corp_id' = :two)"
    " and (:three = '' or external_id = :three or config ->> 'agent_id' = :three)"
)


class Workspaces:
    """A read-through cache over the table `workspace`, by what was asked: one organization costs another nothing."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self.vault = database, vault
        self._answers: dict[tuple[str | int, ...], tuple[float, list[Workspace]]] = {}
        self._lock = Lock()

    def find(self, platform: str, external_id: str) -> Workspace | None:
        """The installation with that id, if it is connected."""
        found = self._answer("platform = :one and external_id = :two", platform, external_id)
        return next(iter(found), None)

    def by_id(self, workspace_id: int) -> Workspace | None:
        return next(iter(self._answer("id = :one", workspace_id)), None)

    def all(self, platform: str) -> list[Workspace]:
        return list(self._answer("platform = :one", platform))

    def of_company(self, platform: str, company: str = "", app: str = "") -> list[Workspace]:
        """Those of a company, and of an app by its id or number; what is empty fits all."""
        return list(self._answer(_OF_COMPANY, platform, company, app))

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
        self._answers.clear()

    def _answer(self, where: str, *values: str | int) -> list[Workspace]:
        asked = (where, *values)
        until, known = self._answers.get(asked, (0.0, None))
        if known is not None and time.monotonic() < until:
            return known
        with self._lock:
            until, known = self._answers.get(asked, (0.0, None))
            if known is None or time.monotonic() >= until:
                known = self._read_or_keep(known, where, values)
                if len(self._answers) >= MOST_ASKED:
                    self._answers.clear()
                self._answers[asked] = (time.monotonic() + FRESH_FOR, known)
        return known

    def _read_or_keep(self, known: list[Workspace] | None, where: str, values: Sequence[str | int]) -> list[Workspace]:
        """While the database is away, what is known serves on: a door needs its keys to answer politely."""
        try:
            return self._read(where, values)
        except SQLAlchemyError:
            if not known:
                raise
            return known

    def _read(self, where: str, values: Sequence[str | int]) -> list[Workspace]:
        living = select(models.Workspace).where(models.Workspace.dead_at.is_(None), text(f"({where})"))
        named = dict(zip(("one", "two", "three"), values, strict=False))
        with self._database.session() as session:
            rows = session.scalars(living.order_by(models.Workspace.id), named).all()
        return [workspace for row in rows if (workspace := self._opened(row))]

    def _opened(self, row: models.Workspace) -> Workspace | None:
        """One whose secrets nobody can read must not stop the others; `sluice doctor` tells the cure."""
        try:
            secrets = self.vault.open_all(row.secrets)
        except VaultError as exc:
            log.error("workspace.unreadable", workspace=row.id, platform=row.platform, why=str(exc))
            return None
        return Workspace(
            id=row.id, org_id=row.org_id, platform=row.platform, external_id=row.external_id, name=row.name,
            secrets=secrets, config=row.config,
        )  # fmt: skip
