"""A private PostgreSQL and Valkey that can be stopped, killed, frozen and starved of disk, each at its old address."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from ops import embedded_postgres, embedded_valkey, unprivileged
from ops.children import Child
from ops.embedded import Engines
from ops.sockets import Sockets
from tests.promises.processes import FORKED

NOT_A_BYTE = 0


class Server:
    """The engines of one data folder. What comes back stands where it was."""

    def __init__(self, data_dir: Path) -> None:
        self.engines = Engines(data_dir, durable=False)
        self.sockets: Sockets = self.engines.start()

    def stop(self) -> None:
        """PostgreSQL's fast shutdown: sessions are ended."""
        self._children.pop().stop()

    def start(self) -> None:
        """PostgreSQL where it was; returns before it answers."""
        data_dir = self.engines.data_dir
        account = unprivileged.account_for(embedded_postgres.cluster_folder(data_dir))
        unprivileged.private_folder(self.sockets.postgres, account)
        log = data_dir / "log" / "postgres.log"
        self._children.append(embedded_postgres.start(data_dir, self.sockets, account, log, durable=False, more={}))

    def kill(self) -> None:
        """kill -9 of PostgreSQL with all of its processes, as when the machine goes down."""
        child = self._children.pop()
        _send(_family(child.pid), signal.SIGKILL)
        child.wait()

    def crash(self) -> None:
        """kill -9 of one of its sessions: PostgreSQL ends all others and recovers by itself."""
        sessions = [each for each in _family(self._postgres.pid)[1:] if "[local]" in _title(each)]
        _send(sessions[:1], signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """PostgreSQL takes calls and answers none."""
        family = _family(self._postgres.pid)
        _send(family, signal.SIGSTOP)
        yield
        _send(family, signal.SIGCONT)

    @contextmanager
    def without_disk(self) -> Iterator[None]:
        """No process of PostgreSQL can write a byte to a file any more: it goes down, and cannot come up."""
        _limit(_family(self._postgres.pid), NOT_A_BYTE)
        yield
        _limit(_family(self._postgres.pid), resource.RLIM_INFINITY)
        self.mend()

    def mend(self) -> None:
        """Return when PostgreSQL answers; it is started again if it has given up."""
        while not self._answers():
            if self._postgres.returncode() is not None:
                self._children.pop()
                self.start()
            time.sleep(0.02)

    def lose_cache(self) -> None:
        """kill -9 of Valkey, and with it all that it knew."""
        cache = self._children[0]
        _send(_family(cache.pid), signal.SIGKILL)
        cache.wait()

    def bring_cache(self) -> None:
        """An empty Valkey, where it was."""
        account = unprivileged.account_for(embedded_postgres.cluster_folder(self.engines.data_dir))
        unprivileged.private_folder(self.sockets.valkey, account)
        log = self.engines.data_dir / "log" / "valkey.log"
        self._children[0] = embedded_valkey.start(self.sockets, account, log)

    @contextmanager
    def frozen_cache(self) -> Iterator[None]:
        """Valkey takes calls and answers none."""
        family = _family(self._children[0].pid)
        _send(family, signal.SIGSTOP)
        yield
        _send(family, signal.SIGCONT)

    @property
    def _children(self) -> list[Child]:
        """Valkey and PostgreSQL."""
        return self.engines._children

    @property
    def _postgres(self) -> Child:
        return self._children[-1]

    def _answers(self) -> bool:
        try:
            with self.sockets.connect() as session:
                return session.execute("select 1").fetchone() is not None
        except psycopg.OperationalError:
            return False


def _family(pid: int) -> list[psutil.Process]:
    """A process and its children; none where it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children()]
    except psutil.NoSuchProcess:
        return []


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each.pid, number)


def _limit(processes: list[psutil.Process], size: int) -> None:
    """The largest file that each may write, in bytes. Set from a process of their own user, for root may not."""
    if not processes:
        return
    account = processes[0].uids().real, processes[0].gids().real
    helper = FORKED.Process(target=_set_limit, args=([each.pid for each in processes], *account, size))
    helper.start()
    helper.join()
    assert helper.exitcode == 0
    helper.close()


def _set_limit(pids: list[int], user: int, group: int, size: int) -> None:
    """Runs in the new process."""
    if os.getuid() != user:
        os.setgid(group)
        os.setuid(user)
    for pid in pids:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
