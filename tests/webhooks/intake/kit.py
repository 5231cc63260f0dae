"""Posting to sources of every format: a served intake, a source made in a line, and samples as vendors publish them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text

from crm.services import source_formats
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks.intake.router import router

VAULT = Vault(build.SECRET)
SAMPLES = Path(__file__).parents[3] / "docs/examples/intake"


def serve(database, redis, **settings):
    bot = SimpleNamespace(database=database, redis=redis, settings=Settings(secret_key=build.SECRET, **settings))
    app = FastAPI()
    app.include_router(router(bot))
    return app


def make(database, acme, word, *, document=None, vendor=None, secret=None):
    """A source that uses a format, under a word of its own."""
    with database.begin(acme.org_id) as uow:
        made = source_formats.create(
            uow, VAULT, actor=None, key=f"{word}-{acme.org_id}", name=word, word=word, secret=secret
        )
        source_formats.describe(actor=None, source=made.source, document=document)
        made.source.pool_id = acme.pool["open"]
        for name, value in (vendor or {}).items():
            source_formats.keep_vendor_secret(uow, VAULT, actor=None, key=made.source.key, name=name, value=value)
        word = made.source.key
        return SimpleNamespace(path=f"/intake/{word}", key=made.key, word=word, id=made.source.id)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def hexed(secret: str, body: bytes, before: str = "") -> str:
    return hmac.new(secret.encode(), before.encode() + body, hashlib.sha256).hexdigest()


def based(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def bearer(source) -> dict[str, str]:
    return {"Authorization": f"Bearer {source.key}"}


def leads(database, acme, columns="p.name, l.campaign, l.channel, l.custom"):
    """The leads there are, the first first."""
    with database.begin(acme.org_id) as uow:
        query = (
            f"select {columns} from lead l join person p on p.org_id = l.org_id and p.id = l.person_id order by l.id"
        )
        return uow.session.execute(text(query)).all()


def keys(database, acme):
    with database.begin(acme.org_id) as uow:
        found = uow.session.execute(text("select kind, value from person_key order by id")).all()
    return [tuple(row) for row in found]


def count(database, acme, what):
    with database.begin(acme.org_id) as uow:
        return uow.session.scalar(text(f"select count(*) from {what}"))
