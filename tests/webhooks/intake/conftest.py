"""A company whose sources are posted to."""

import pytest
from fastapi.testclient import TestClient
from redis import Redis

from tests import build
from tests.webhooks.intake import kit


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
