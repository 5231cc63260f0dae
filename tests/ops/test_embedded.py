"""The private engines under the sad paths of a fresh machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from ops import embedded_cluster
from ops.data_lock import running
from ops.embedded import Engines, wipe
from ops.errors import StartError
from ops.sockets import Sockets
from tests.ops.processes import survivors

OWNER = Path(__file__).with_name("owner.py")


class Owner:
    """Another process that runs the engines of a data folder."""

    def __init__(self, data_dir: Path, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(OWNER), str(data_dir)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **env},
        )
        assert self.process.stdout
        self.sockets = Sockets(*map(Path, self.process.stdout.readline().split()))
        self.family = psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> list[psutil.Process]:
        """End it by a signal; return who of its descendants is still there after a while."""
        self.process.send_signal(number)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        return survivors(self.family)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder with a space in its name, below folders that only we may enter."""
    return tmp_path / "Sluice data"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as the first start makes it, of which others are copies: to make one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("made")
    with Engines(folder, durable=False):
        pass
    return folder / "postgres"


@pytest.fixture
def prepared(data_dir: Path, cluster: Path) -> None:
    """A folder that was started before."""
    data_dir.mkdir()
    subprocess.run(["cp", "-a", cluster, data_dir], check=True)


@pytest.fixture
def first_owner(data_dir: Path) -> Iterator[Owner]:
    """Who starts in a folder that was not there."""
    owner = Owner(data_dir)
    yield owner
    owner.end(signal.SIGKILL)


@pytest.fixture
def owner(data_dir: Path, prepared: None) -> Iterator[Owner]:
    owner = Owner(data_dir)
    yield owner
    owner.end(signal.SIGKILL)


def test_both_engines_answer_in_a_folder_with_a_space(data_dir: Path) -> None:
    with Engines(data_dir, durable=False) as sockets:
        assert sockets.has_database("sluice")
        with redis.Redis.from_url(sockets.redis_url) as cache:
            assert cache.ping()


@pytest.mark.usefixtures("prepared")
def test_what_was_written_is_there_after_a_restart(data_dir: Path) -> None:
    with Engines(data_dir) as sockets, sockets.connect("sluice") as connection:
        connection.execute("create table kept as select 42 as answer")
    with Engines(data_dir) as sockets, sockets.connect("sluice") as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_when_the_owner_is_ended(owner: Owner, number: signal.Signals) -> None:
    assert len(owner.family) > 4
    assert owner.end(number) == []
    assert not owner.sockets.postgres.exists()
    assert not owner.sockets.valkey.exists()


def test_nothing_stays_behind_when_owner_and_keepers_are_killed_at_once(owner: Owner, data_dir: Path) -> None:
    valkey, postgres = psutil.Process(owner.process.pid).children()
    valkey.kill()
    postgres.kill()
    assert owner.end(signal.SIGKILL) == []
    with Engines(data_dir, durable=False):
        assert not owner.sockets.postgres.exists()
        assert not owner.sockets.valkey.exists()


def test_a_restart_right_after_a_crash_works_and_keeps_what_was_committed(data_dir: Path, owner: Owner) -> None:
    with owner.sockets.connect("sluice") as connection:
        connection.execute("create table kept as select 42 as answer")
    owner.process.kill()
    with Engines(data_dir, durable=False) as sockets, sockets.connect("sluice") as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_restart_recovers_when_the_server_itself_was_killed(data_dir: Path, owner: Owner) -> None:
    with owner.sockets.connect("sluice") as connection:
        connection.execute("create table kept as select 42 as answer")
    os.kill(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    owner.process.kill()
    with Engines(data_dir, durable=False) as sockets, sockets.connect("sluice") as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_a_second_owner_is_told_who_the_first_one_is(data_dir: Path, owner: Owner) -> None:
    with pytest.raises(StartError, match=rf"Another Sluice \(process {owner.process.pid}\) uses .*SLUICE_DATA_DIR"):
        Engines(data_dir).start()
    assert owner.sockets.has_database("sluice")


def test_others_find_the_engines_that_run_and_none_after_a_crash(data_dir: Path, owner: Owner) -> None:
    assert running(data_dir) == owner.sockets
    owner.end(signal.SIGKILL)
    assert running(data_dir) is None


def test_trigrams_see_chinese_even_where_the_environment_says_c(data_dir: Path) -> None:
    owner = Owner(data_dir, LC_ALL="C", LANG="C")
    with owner.sockets.connect("sluice") as connection:
        connection.execute("create extension pg_trgm")
        trigrams = connection.execute("select show_trgm('张三公司')").fetchone()
    owner.end(signal.SIGTERM)
    assert trigrams is not None
    assert len(trigrams[0]) == 5  # type: ignore[arg-type]


def test_a_half_initialised_folder_is_put_aside_and_made_anew(data_dir: Path) -> None:
    cluster = data_dir / "postgres"
    (cluster / "base").mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("18\n")
    with Engines(data_dir, durable=False) as sockets:
        assert sockets.has_database("sluice")
    [aside] = data_dir.glob("postgres.incomplete-*")
    assert (aside / "PG_VERSION").exists()


def test_a_kill_in_the_middle_of_the_first_start_is_made_good_by_the_next(data_dir: Path) -> None:
    first = subprocess.Popen([sys.executable, str(OWNER), str(data_dir)], stdout=subprocess.DEVNULL)
    draft = data_dir / "postgres.new"
    while not (draft / "PG_VERSION").exists():
        time.sleep(0.001)
    first.kill()
    first.wait()
    assert not (data_dir / "postgres").exists()
    with Engines(data_dir, durable=False) as sockets:
        assert sockets.has_database("sluice")
    assert not draft.exists()


@pytest.mark.usefixtures("prepared")
def test_a_wiped_folder_starts_empty_and_keeps_what_is_not_ours(data_dir: Path) -> None:
    with Engines(data_dir, durable=False) as sockets, sockets.connect("sluice") as connection:
        connection.execute("create table gone ()")
    (data_dir / "notes.txt").write_text("mine")
    wipe(data_dir)
    assert sorted(entry.name for entry in data_dir.iterdir()) == ["engines.lock", "notes.txt"]
    with Engines(data_dir, durable=False) as sockets, sockets.connect("sluice") as connection:
        assert connection.execute("select to_regclass('gone')").fetchone() == (None,)


def test_a_folder_in_use_is_not_wiped(data_dir: Path, owner: Owner) -> None:
    with pytest.raises(StartError, match="Another Sluice"):
        wipe(data_dir)
    assert owner.sockets.has_database("sluice")


@pytest.mark.usefixtures("prepared")
def test_a_folder_of_another_major_version_says_how_to_move_on(data_dir: Path) -> None:
    with Engines(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartError, match=r"made by PostgreSQL 17 .* runs PostgreSQL 18: dump .* or set it aside"):
        Engines(data_dir).start()


@pytest.mark.usefixtures("prepared")
def test_a_pid_file_that_names_somebody_else_does_not_stop_the_start(data_dir: Path) -> None:
    with Engines(data_dir, durable=False):
        pass
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n1700000000\n5432\n/tmp\n\n0 0\nready\n")
    with Engines(data_dir, durable=False) as sockets:
        assert sockets.has_database("sluice")


@pytest.mark.usefixtures("prepared")
def test_a_server_that_cannot_start_says_why_and_leaves_nothing_running(data_dir: Path) -> None:
    with Engines(data_dir, durable=False):
        pass
    (data_dir / "postgres" / "postgresql.auto.conf").write_text("shared_buffers = '-1'\n")
    before = psutil.Process().children(recursive=True)
    with pytest.raises(StartError, match=r"PostgreSQL did not start: .*configuration file .*postgres\.log"):
        Engines(data_dir).start()
    assert psutil.Process().children(recursive=True) == before


def test_a_new_database_is_a_copy_of_its_template(engines: Sockets) -> None:
    engines.create_database("pattern")
    with engines.connect("pattern") as connection:
        connection.execute("create table kept as select 42 as answer")
    engines.create_database("copy", template="pattern")
    with engines.connect("copy") as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    engines.drop_database("copy")
    engines.drop_database("pattern")
    assert not engines.has_database("copy")


def test_the_sockets_are_closed_to_other_users(engines: Sockets) -> None:
    assert [folder.stat().st_mode & 0o777 for folder in (engines.postgres, engines.valkey)] == [0o700, 0o700]
    assert len(str(engines.postgres / ".s.PGSQL.5432")) < 100


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")
def test_as_root_the_engines_run_as_somebody_who_may_enter_nothing_else(first_owner: Owner, data_dir: Path) -> None:
    servers = [keeper.children()[0] for keeper in psutil.Process(first_owner.process.pid).children()]
    assert len(servers) == 2
    assert all(server.uids().effective != 0 and server.gids().effective != 0 for server in servers)
    assert data_dir.stat().st_mode & 0o077 == 0
    assert (data_dir / "postgres").stat().st_uid == servers[0].uids().effective


@pytest.mark.usefixtures("prepared")
def test_sessions_are_refused_politely_after_the_end(data_dir: Path) -> None:
    with Engines(data_dir, durable=False) as sockets:
        pass
    with pytest.raises(psycopg.OperationalError):
        sockets.connect()


def test_the_server_of_the_wheel_is_the_version_that_we_say(engines: Sockets) -> None:
    with engines.connect() as connection:
        version = connection.execute("show server_version_num").fetchone()
    assert version is not None
    assert int(str(version[0])) // 10000 == embedded_cluster.server_major() >= 17
