"""A playground with a scripted bot, and people who talk to it."""

from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from starlette.testclient import TestClient

from crm.db import Database
from ops.sockets import Sockets
from tests.drivers.playground import PlaygroundDriver
from tests.drivers.playground_stage import Stage, set_up, valkey

Person = Callable[[str], PlaygroundDriver]


@pytest.fixture
def redis(engines: Sockets) -> Iterator[Redis]:
    client = valkey(engines)
    yield client
    client.close()


@pytest.fixture
def stage(database: Database, redis: Redis) -> Stage:
    return set_up(database, redis)


@pytest.fixture
def client(stage: Stage) -> Iterator[TestClient]:
    with TestClient(stage.app, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def person(stage: Stage, client: TestClient) -> Person:
    """Somebody of the company by name, at the playground."""
    return lambda name: PlaygroundDriver(client, stage.who(name))
