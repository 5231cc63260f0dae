"""The job that fetches files of messages from their platform, outside any transaction, and keeps what may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from bot.platforms.base import Platform, PlatformError, Rejected, Throttled, Unavailable
from bot.workspaces import Workspaces
from crm import queue
from crm.db import Database
from crm.services import attachments

log = structlog.get_logger()

TRIES = 8
FIRST_WAIT, LONGEST_WAIT = 5.0, 900.0


class Fetches:
    """The fetching job's work. Safe to share by threads; running twice is harmless."""

    def __init__(self, *, database: Database, workspaces: Workspaces, platforms: Mapping[str, Platform]) -> None:
        self._database, self._workspaces, self._platforms = database, workspaces, platforms

    def fetch(self, org_id: int, attachment_id: int, attempt: int = 0) -> None:
        """Get the bytes of one file; what fails for a while is tried again, what fails for good is told its sender."""
        with self._database.begin(org_id) as uow:
            found = attachments.waiting(uow, attachment_id)
            if found is None:
                return
            workspace_id, handle = found.workspace_id, dict(found.handle)
        try:
            content = self._content(workspace_id, handle)
        except (Throttled, Unavailable) as exc:
            self._later(org_id, attachment_id, attempt, exc)
        except PlatformError as exc:
            log.info("file.refused", cause=exc.cause)
            self._refuse(org_id, attachment_id)
        else:
            with self._database.begin(org_id) as uow:
                attachments.keep(uow, attachment_id, content)

    def _content(self, workspace_id: int, handle: Mapping[str, object]) -> bytes:
        workspace = self._workspaces.by_id(workspace_id)
        if workspace is None:
            raise Rejected("workspace_gone")
        return self._platforms[workspace.platform].fetch_file(workspace, handle)

    def _refuse(self, org_id: int, attachment_id: int) -> None:
        with self._database.begin(org_id) as uow:
            attachments.refuse(uow, attachment_id, "unreachable")

    def _later(self, org_id: int, attachment_id: int, attempt: int, exc: PlatformError) -> None:
        if attempt + 1 >= TRIES:
            self._refuse(org_id, attachment_id)
            return
        wait = exc.retry_after if isinstance(exc, Throttled) else min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
        args = {"org_id": org_id, "attachment_id": attachment_id, "attempt": attempt + 1}
        with self._database.begin(org_id) as uow:
            uow.defer(queue.Order(queue.FETCH, args, at=self._database.time() + timedelta(seconds=wait)))
