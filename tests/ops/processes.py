"""Who is still there after an end."""

import time
from collections.abc import Sequence

import psutil


def survivors(family: Sequence[psutil.Process], *, within: float = 15.0) -> list[psutil.Process]:
    """Those of `family` that still run after at most `within` seconds; what only waits to be reaped does not run."""
    deadline = time.monotonic() + within
    while (alive := [process for process in family if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return alive


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
