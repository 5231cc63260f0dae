"""The job that fetches announced leads from the vendor, outside any transaction, until it succeeds or never can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from crm.db import Database
from crm.formats.reading import leads_of
from crm.models import Source
from crm.rules.arrival import FieldErrors
from crm.rules.fields import NAMES
from crm.services import fetches, houses, source_formats, source_watch
from crm.services.fetches import Waiting
from crm.settings import Settings
from crm.uow import UnitOfWork
from crm.vault import Vault
from webhooks.intake import vendors
from webhooks.intake.mapped import came, of_lead
from webhooks.intake.taking import once
from webhooks.intake.vendors import FetchFailed, Gone, NoRight, TryAgain

log = structlog.get_logger(__name__)
FIRST_WAIT, LONGEST_WAIT = 5.0, 3600.0
TRIES = 60
"""With an hour between the later ones it is tried for more than two days."""


@dataclass(frozen=True, slots=True)
class _Owed:
    """What the network needs, read before it is used."""

    waiting: Waiting
    vendor: str
    secrets: Mapping[str, str]


class LeadFetches:
    """The fetching job's work. Safe to share by threads; running twice is harmless."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._vault = Vault(settings.secret_key.get_secret_value())

    def fetch(self, org_id: int, fetch_id: int) -> None:
        """Fetch one lead and take it in."""
        with self._database.begin(org_id) as uow:
            owed = self._owed(uow, fetch_id)
        if owed is None:
            return
        try:
            lead = vendors.fetch(owed.vendor, self._settings, owed.secrets, owed.waiting.own_id)
        except TryAgain as exc:
            self._later(org_id, owed.waiting, exc)
        except (NoRight, Gone) as exc:
            self._give_up(org_id, owed.waiting, exc)
        else:
            self._take_in(org_id, owed.waiting, lead)

    def _owed(self, uow: UnitOfWork, fetch_id: int) -> _Owed | None:
        waiting = fetches.waiting(uow, fetch_id)
        source = uow.session.get(Source, (uow.org_id, waiting.source_id)) if waiting else None
        mapping = source_formats.mapping_of(source) if source else None
        if waiting is None or source is None or mapping is None or mapping.fetch is None:
            return None
        return _Owed(waiting, mapping.fetch, source_formats.vendor_secrets(self._vault, source))

    def _take_in(self, org_id: int, waiting: Waiting, lead: Mapping[str, Any]) -> None:
        wrong: FieldErrors | None = None
        with self._database.begin(org_id) as uow:
            source = uow.session.get_one(Source, (org_id, waiting.source_id))
            mapping = source_formats.mapping_of(source)
            if mapping is None or fetches.waiting(uow, waiting.id) is None:
                return
            document = of_lead(mapping)
            try:
                for meant in leads_of(document, lead):
                    once(uow, source, "", came(document, meant, lead, houses.of(uow).region).arrival)
            except FieldErrors as exc:
                wrong = exc
            fetches.done(uow, waiting.id, cause=str(wrong) if wrong else None)
        if wrong:
            with self._database.begin(org_id) as uow:
                refused = {(name if name in NAMES else "", why): 1 for name, why in wrong.fields.items()}
                source_watch.count(uow, source_id=waiting.source_id, accepted=0, rejected=1, refused=refused)

    def _later(self, org_id: int, waiting: Waiting, exc: TryAgain) -> None:
        if waiting.tries + 1 >= TRIES:
            self._give_up(org_id, waiting, exc)
            return
        wait = max(exc.seconds, min(FIRST_WAIT * 2.0**waiting.tries, LONGEST_WAIT))
        with self._database.begin(org_id) as uow:
            fetches.later(uow, waiting.id, cause=exc.cause, at=self._database.time() + timedelta(seconds=wait))

    def _give_up(self, org_id: int, waiting: Waiting, exc: FetchFailed) -> None:
        log.warning("intake.not_fetched", source=waiting.source_id, fetch=waiting.id, cause=exc.cause)
        with self._database.begin(org_id) as uow:
            fetches.failed(uow, waiting, cause=exc.cause)
