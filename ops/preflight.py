"""What may be wrong with this machine before anything is started, each in one sentence."""

import errno
import os
import socket
import stat
import time
from pathlib import Path

from ops.errors import StartError

PATIENCE = 1.0  # seconds that a run killed a moment ago may take to let go of its port


def check_port(host: str, port: int) -> None:
    """Raise StartError when nothing of ours could listen on `host`:`port`, also after a moment's wait."""
    deadline = time.monotonic() + PATIENCE
    while error := _bind(host, port):
        if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            raise StartError(_why_not(host, port, error))
        time.sleep(0.05)


def _bind(host: str, port: int) -> OSError | None:
    family, kind, proto, _, address = _resolve(host, port)
    with socket.socket(family, kind, proto) as probe:
        # As uvicorn does: a port in TIME_WAIT after a restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return error
    return None


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise StartError(f"SLUICE_HOST={host} is no address of this machine; 127.0.0.1 is always one.") from None


def _why_not(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} is in use by another program; stop it, or choose another with SLUICE_PORT={port + 1}."
        case errno.EACCES:
            return f"Port {port} needs rights that this user lacks; choose one above 1023 with SLUICE_PORT."
        case errno.EADDRNOTAVAIL:
            return f"SLUICE_HOST={host} is no address of this machine; 127.0.0.1 is always one."
        case _:
            return f"Nothing can listen on {host}:{port} ({error.strerror}); choose another with SLUICE_PORT."


def check_data_dir(folder: Path) -> Path:
    """Create `folder` where missing and return its absolute path; StartError when we cannot keep data in it."""
    folder = folder.expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StartError(f"SLUICE_DATA_DIR={folder} is not a folder; name one that Sluice may create.") from None
    except OSError as error:
        raise StartError(_no_data(folder, error.strerror)) from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        mode = stat.filemode(folder.stat().st_mode)
        raise StartError(_no_data(folder, f"it is {mode} and owned by user {folder.stat().st_uid}"))
    return folder


def _no_data(folder: Path, reason: str | None) -> str:
    return f"Sluice cannot write to its data folder {folder} ({reason}); name another one in SLUICE_DATA_DIR."
