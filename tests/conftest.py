"""Fixtures for everybody: one private PostgreSQL and Valkey per run, a database of its own per worker."""

import gc
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings

from crm import clock
from crm.db import Database
from crm.vault import Vault
from ops.embedded import Engines
from ops.migrate import upgrade
from ops.sockets import Sockets
from tests.build import SECRET
from tests.rounds import rounds

if TYPE_CHECKING:
    from tests.world import House

# How long an example takes says more about the machine than about us. `make test` tells the same stories every time,
# so that red means "this change"; `make chaos` draws new ones.
settings.register_profile("sluice", deadline=None, derandomize=bool(rounds(short=1, full=0)))
settings.load_profile("sluice")

# Many tests have something crash: to draw its trace with every local variable takes longer than the test.
TRACES = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)

# No statistics that change plans while tests run, no wait for the disk at a commit, no plan made anew for each figure.
SERVER = {"autovacuum": "off", "synchronous_commit": "off", "plan_cache_mode": "force_generic_plan"}

ENGINES = pytest.StashKey[Engines]()
SOCKETS = pytest.StashKey[Sockets]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the engines of the whole run to a worker of pytest-xdist."""
    sockets = _sockets(node.config)
    node.workerinput["sockets"] = (str(sockets.postgres), str(sockets.valkey))


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Ten thousand tests are found without looking for garbage among them again and again."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is there now stays until the end: garbage is looked for in what comes after."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has a long form, which is what asks for rounds, belongs to `make chaos`; and so does every promise."""
    for item in items:
        if "/promises/" in item.nodeid or hasattr(getattr(item, "module", None), "rounds"):
            item.add_marker(pytest.mark.chaos)


def pytest_runtest_setup() -> None:
    """A command line that ran in this process has set up logs as it likes them, and a handler has named its command."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], TRACES])


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
        folder = Path(tempfile.mkdtemp(prefix="sluice-tests-"))
        config.stash[ENGINES] = Engines(folder, durable=False, settings=SERVER)
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


@pytest.fixture(scope="session")
def redis_url(engines: Sockets, worker_id: str) -> str:
    """This worker's own part of Valkey, as redis-py writes it."""
    number = 0 if worker_id == "master" else 1 + int(worker_id.removeprefix("gw"))
    return f"{engines.redis_url}?db={number}"


@pytest.fixture(scope="session")
def migrated_schema(engines: Sockets) -> str:
    """The name of a database with the schema that the migrations make, of which others are copies: nobody connects.

    The first worker that wants it makes it for the whole run, and the others wait.
    """
    with engines.connect() as connection:
        connection.execute("select pg_advisory_lock(1)")
        if not engines.has_database("migrated"):
            engines.drop_database("migrating")  # of a worker that died over it
            upgrade(engines.create_database("migrating"))
            connection.execute("alter database migrating rename to migrated")
    return "migrated"


@pytest.fixture(scope="session")
def migrated_url(engines: Sockets, worker_id: str, migrated_schema: str) -> str:
    """This worker's database with the schema that the migrations make."""
    return engines.create_database(f"migrated_{worker_id}", template=migrated_schema)


@pytest.fixture(scope="module")
def own_url(engines: Sockets, worker_id: str, migrated_schema: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database for one file of tests: for those in which whatever is due happens, wherever it is."""
    name = f"{request.module.__name__.rpartition('.')[2]}_{worker_id}"
    yield engines.create_database(name, template=migrated_schema)
    engines.drop_database(name)


@pytest.fixture(scope="session")
def shared_database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url, pool_size=24, statement_timeout_ms=20_000, vault=Vault(SECRET))
    yield database
    database.close()


@pytest.fixture(scope="module")
def own_database(own_url: str) -> Iterator[Database]:
    """What looks at every organization looks at those of one file: that file says `shared_database` is this."""
    database = Database(own_url, pool_size=8, statement_timeout_ms=20_000, vault=Vault(SECRET))
    yield database
    database.close()


@pytest.fixture
def database(shared_database: Database) -> Iterator[Database]:
    """The database as the application sees it. Tests share it and stay apart by making an organization each."""
    yield shared_database
    shared_database.time = clock.wall


@pytest.fixture(scope="session")
def house(migrated_url: str, redis_url: str) -> Iterator["House"]:
    """All doors and the platforms' servers; companies move in one after the other."""
    from tests.world import open_house  # most tests need no door

    with open_house(migrated_url, redis_url) as opened:
        yield opened


@pytest.fixture
def time(database: Database) -> clock.DrivenClock:
    """A clock that this test drives: a Wednesday, 10:00 in Shanghai."""
    driven = clock.DrivenClock(datetime(2026, 3, 4, 2, 0, tzinfo=UTC))
    database.time = driven
    return driven
