"""A private PostgreSQL and Valkey for demo and tests: both or none, and never longer than the process that asked.

What lies on disk: `<data_dir>/postgres` (the cluster), `<data_dir>/log`, and `<data_dir>/engines.lock`.
The sockets live in short private folders of their own, because a socket's path may not exceed some hundred bytes.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import redis

from ops import embedded_cluster, embedded_postgres, embedded_valkey, unprivileged
from ops.children import Account, Child, last_words
from ops.data_lock import DataLock
from ops.errors import StartError
from ops.preflight import check_data_dir
from ops.sockets import DATABASE, Sockets

READY_WITHIN = 600.0  # seconds; recovery after a crash of a large database takes its time


class Engines:
    """The two servers of one data folder: a context manager that gives their sockets, or `start` and `stop`.

    `durable=False` trades safety after a power cut for speed; it is for tests. `settings` are PostgreSQL's, where it
    shall be set otherwise than for a small machine.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self._durable, self._settings = durable, dict(settings or {})
        self._lock = DataLock(self.data_dir)
        self._children: list[Child] = []
        self._folders: list[Path] = []

    def start(self) -> Sockets:
        """Return when both answer. Raises StartError, and then nothing of it runs on."""
        data_dir = check_data_dir(self.data_dir)
        try:
            self._folders = self._lock.acquire()
            self._remove_folders()
            return self._start(data_dir)
        except PermissionError as error:
            self.stop()
            message = f"{error.filename} belongs to another user; run Sluice as that user, or name another data folder "
            raise StartError(message + "in SLUICE_DATA_DIR.") from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut both down in good order and let the next owner in. Harmless when they do not run."""
        for child in self._children:
            child.ask_to_stop()
        for child in self._children:
            child.stop()
        self._children.clear()
        self._remove_folders()
        self._lock.release()

    def __enter__(self) -> Sockets:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, data_dir: Path) -> Sockets:
        account = unprivileged.account_for(embedded_postgres.cluster_folder(data_dir))
        self._folders = [_socket_folder(account), _socket_folder(account)]
        sockets = Sockets(*self._folders)
        self._lock.announce(sockets, ready=False)
        cache_log, log = _fresh_log(data_dir, "valkey"), _fresh_log(data_dir, "postgres")
        cache = embedded_valkey.start(sockets, account, cache_log)
        self._children.append(cache)
        server = embedded_postgres.start(data_dir, sockets, account, log, durable=self._durable, more=self._settings)
        self._children.append(server)
        _await(lambda: _postgres_answers(sockets), server, "PostgreSQL", log)
        _await(lambda: _valkey_answers(sockets), cache, "Valkey", cache_log)
        self._lock.announce(sockets, ready=True)
        return sockets

    def _remove_folders(self) -> None:
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._folders.clear()


def wipe(data_dir: Path) -> None:
    """Delete the database of `data_dir` and its logs, nothing else; StartError when somebody uses it."""
    data_dir = check_data_dir(data_dir)
    lock = DataLock(data_dir)
    lock.acquire()
    try:
        embedded_cluster.delete(embedded_postgres.cluster_folder(data_dir))
        shutil.rmtree(data_dir / "log", ignore_errors=True)
    finally:
        lock.release()


def _socket_folder(account: Account | None) -> Path:
    """A new folder with a short path, closed to everybody but `account`."""
    short = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 - only as the parent of a private folder
    folder = Path(tempfile.mkdtemp(prefix="sluice-", dir=short))
    return unprivileged.private_folder(folder, account)


def _fresh_log(data_dir: Path, name: str) -> Path:
    """Where the log of this run goes; the one before is put aside, older ones go, so the disk never fills."""
    log = data_dir / "log" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return log


def _postgres_answers(sockets: Sockets) -> bool:
    """Whether PostgreSQL takes sessions, which it does not while it recovers; makes our database on the way."""
    try:
        known = sockets.has_database(DATABASE)
    except psycopg.OperationalError:
        return False
    if not known:
        sockets.create_database(DATABASE)
    return True


def _valkey_answers(sockets: Sockets) -> bool:
    try:
        with redis.Redis.from_url(sockets.redis_url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def _await(answers: Callable[[], bool], child: Child, name: str, log: Path) -> None:
    """Wait until `answers`; StartError with the last line of `log` when `child` ends before."""
    deadline = time.monotonic() + READY_WITHIN
    while not answers():
        if child.returncode() is not None or time.monotonic() > deadline:
            raise StartError(f"{name} did not start: {last_words(log)} (log: {log})")
        time.sleep(0.02)
