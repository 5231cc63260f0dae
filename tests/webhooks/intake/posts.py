"""Posting to a source of our own format: a served intake, sources, keys and signatures."""

from datetime import UTC, datetime
from types import SimpleNamespace

from fastapi import FastAPI
from sqlalchemy import text
from standardwebhooks import Webhook

from crm.services import sources
from crm.settings import Settings
from crm.vault import Vault
from tests import build
from webhooks.intake.router import router

LU = {"name": "Lu Wei", "phone": "13800138000"}
VAULT = Vault(build.SECRET)


def serve(database, redis, rates=None):
    bot = SimpleNamespace(database=database, redis=redis, settings=Settings(secret_key=build.SECRET))
    app = FastAPI()
    app.include_router(router(bot, rates))
    return app


def make_source(database, acme, kind):
    """A source under a word of its own, so that the organizations of other tests do not answer for it."""
    with database.begin(acme.org_id) as uow:
        made = sources.create(uow, VAULT, actor=None, key=f"{kind}-{acme.org_id}", kind=kind, pool_id=acme.pool["open"])
        return SimpleNamespace(path=f"/intake/{made.source.key}", key=made.key, word=made.source.key, id=made.source.id)


def bearer(source, **more):
    return {"Authorization": f"Bearer {source.key}", **more}


def post(client, source, values, **headers):
    return client.post(source.path, json=values, headers=bearer(source, **headers))


def signed(key, body, *, at=None, message="msg_1"):
    at = at or datetime.now(UTC)
    signature = Webhook(key).sign(message, at, body)
    return {
        "webhook-id": message, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
        "content-type": "application/json",
    }  # fmt: skip


def count(database, acme, what):
    with database.begin(acme.org_id) as uow:
        return uow.session.scalar(text(f"select count(*) from {what}"))
