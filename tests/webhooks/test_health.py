"""Two questions of a load balancer: does this process live, and can it work?"""

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from redis import Redis
from starlette.testclient import TestClient

from crm.db import Database
from webhooks import health


@pytest.fixture
def nowhere():
    made = Database("postgresql+psycopg://nobody@/none?host=/nowhere", pool_size=1)
    yield made
    made.close()


def asked(database, redis):
    app = FastAPI()
    app.include_router(health.router(SimpleNamespace(database=database, redis=redis)))
    client = TestClient(app)
    return client.get("/healthz"), client.get("/readyz")


def test_a_process_with_a_database_can_work_also_while_redis_is_away(database, redis_url):
    alive, ready = asked(database, Redis.from_url(redis_url))
    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"database": "ok", "redis": "ok"}
    alive, ready = asked(database, Redis.from_url("redis://127.0.0.1:9/0"))
    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json()["redis"] == "away"


def test_a_process_without_a_database_lives_and_cannot_work(nowhere, redis_url):
    alive, ready = asked(nowhere, Redis.from_url(redis_url))
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["database"]) == (503, "away")
