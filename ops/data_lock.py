"""One owner per data folder, and a note for others where its engines listen."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from ops.errors import StartError
from ops.sockets import Sockets

HANDOVER = 1.0  # seconds that an owner who is just being killed may take to let go


class DataLock:
    """Held from start to stop. The kernel drops it with its process, so no stale lock can stay behind."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._handle: int | None = None

    def acquire(self) -> list[Path]:
        """Become the owner, or StartError names the present one; return the folders that a killed owner left."""
        handle = _open(self._data_dir)
        deadline = time.monotonic() + HANDOVER
        while not _lock(handle):
            if time.monotonic() > deadline:
                owner = _read(handle).get("pid", "unknown")
                os.close(handle)
                raise StartError(
                    f"Another Sluice (process {owner}) uses {self._data_dir}; stop it, "
                    "or choose another folder with SLUICE_DATA_DIR."
                )
            time.sleep(0.02)
        self._handle = handle
        left = _sockets(_read(handle))
        self._note()
        return [left.postgres, left.valkey] if left else []

    def announce(self, sockets: Sockets, *, ready: bool) -> None:
        """Note where the engines listen; once they are `ready`, others are told."""
        self._note(postgres=str(sockets.postgres), valkey=str(sockets.valkey), ready=ready)

    def release(self) -> None:
        """Let the next owner in."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def _note(self, **note: str | bool) -> None:
        assert self._handle is not None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps({"pid": os.getpid(), **note}).encode(), 0)


def running(data_dir: Path) -> Sockets | None:
    """Where the engines of `data_dir` listen when another process runs them, else None."""
    if not _lock_file(data_dir).exists():
        return None
    handle = _open(data_dir)
    try:
        note = {} if _lock(handle) else _read(handle)
    finally:
        os.close(handle)
    return _sockets(note) if note.get("ready") else None


def _sockets(note: dict[str, Any]) -> Sockets | None:
    return Sockets(Path(note["postgres"]), Path(note["valkey"])) if "postgres" in note else None


def _lock_file(data_dir: Path) -> Path:
    return data_dir.expanduser() / "engines.lock"


def _open(data_dir: Path) -> int:
    return os.open(_lock_file(data_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(handle: int) -> dict[str, Any]:
    text = os.pread(handle, 4096, 0)
    return dict(json.loads(text)) if text else {}
