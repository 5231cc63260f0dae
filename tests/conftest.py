"""Fixtures for everybody: one private PostgreSQL and Valkey per run, a database of its own per worker."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.embedded import Engines
from ops.sockets import Sockets

ENGINES = pytest.StashKey[Engines]()
SOCKETS = pytest.StashKey[Sockets]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the engines of the whole run to a worker of pytest-xdist."""
    sockets = _sockets(node.config)
    node.workerinput["sockets"] = (str(sockets.postgres), str(sockets.valkey))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the engines where this process started them."""
    if engines := config.stash.get(ENGINES, None):
        engines.stop()
        shutil.rmtree(engines.data_dir, ignore_errors=True)


def _sockets(config: pytest.Config) -> Sockets:
    """The engines of this run, started at their first use."""
    if shared := getattr(config, "workerinput", {}).get("sockets"):
        return Sockets(*map(Path, shared))
    if SOCKETS not in config.stash:
        config.stash[ENGINES] = Engines(Path(tempfile.mkdtemp(prefix="sluice-tests-")), durable=False)
        config.stash[SOCKETS] = config.stash[ENGINES].start()
    return config.stash[SOCKETS]


@pytest.fixture(scope="session")
def engines(pytestconfig: pytest.Config) -> Sockets:
    """The private PostgreSQL and Valkey of this run."""
    return _sockets(pytestconfig)


@pytest.fixture(scope="session")
def database_url(engines: Sockets, worker_id: str) -> Iterator[str]:
    """An empty database of this worker's own, as SQLAlchemy writes it."""
    yield engines.create_database(f"test_{worker_id}")
    engines.drop_database(f"test_{worker_id}")
