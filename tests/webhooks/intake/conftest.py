"""A company whose sources are posted to."""

import pytest
from fastapi.testclient import TestClient
from redis import Redis

from tests import build
from tests.webhooks.intake import kit, posts


@pytest.fixture(scope="session")
def valkey(engines):
    client = Redis.from_url(engines.redis_url)
    yield client
    client.close()


@pytest.fixture
def acme(database):
    return build.company(database, rules="{}")


@pytest.fixture
def posting(database, valkey):
    with TestClient(kit.serve(database, valkey), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(database, valkey):
    with TestClient(posts.serve(database, valkey), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def web(database, acme):
    return posts.make_source(database, acme, "keyed")


@pytest.fixture
def form(database, acme):
    return posts.make_source(database, acme, "form")
