"""Runs one command and ends it when the process that asked for it is gone.

Started as a script of its own (`python -I -S keeper.py`), standard library only, so that it is up in a few
milliseconds and shares nothing with its owner. The owner writes the order as one JSON line to our standard input and
keeps that pipe open: its end, clean or by kill -9, closes the pipe, and that is the request to stop.
We answer with one JSON line: the pid of the command, or the reason why it did not start.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
KILL_GRACE = 2.0  # seconds between the last polite signal and the end


def main() -> int:
    """Run the order on standard input to its end; return the exit code of its command."""
    order = json.loads(sys.stdin.readline())
    wake = _wake_on_signals()
    try:
        child = _start(order)
    except OSError as error:
        _answer(error=str(error))
        return 127
    _answer(pid=child.pid)
    try:
        _wait(child, wake, order["stop_signal"], order["grace"])
    finally:
        _sweep(child.pid, order["remove"])
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _answer(**answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def _wake_on_signals() -> int:
    """Return a descriptor that becomes readable when the command ends or somebody asks us to."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if order["log"] else 2
    account = {"user": order["uid"], "group": order["gid"], "extra_groups": []} if order["uid"] is not None else {}
    return subprocess.Popen(
        order["argv"],
        cwd=order["cwd"],
        env=order["env"],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        process_group=0,
        preexec_fn=_die_with_us(order["stop_signal"]),  # noqa: PLW1509 - one thread, so nothing can be locked
        **account,
    )


def _die_with_us(number: int) -> Any:
    """Linux sends `number` to the command when we are killed; elsewhere a killed keeper leaves it to the next start."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, keeper = ctypes.CDLL(None).prctl, os.getpid()

    def arm() -> None:
        # preexec runs after the change of user, which would clear the request.
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != keeper:
            os.kill(os.getpid(), signal.SIGKILL)

    return arm


def _wait(child: subprocess.Popen[bytes], wake: int, stop_signal: int, grace: float) -> None:
    """Return when `child` has ended: by itself, or because its owner is gone or a signal told us to stop."""
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake], [], [])
        asked = sys.stdin in ready or any(number != signal.SIGCHLD for number in os.read(wake, 64))
        if asked and child.poll() is None:
            _end(child, stop_signal, grace)


def _end(child: subprocess.Popen[bytes], stop_signal: int, grace: float) -> None:
    """Ask politely, then less so: the stop signal, after `grace` seconds SIGQUIT, at last SIGKILL."""
    for number, seconds in ((stop_signal, grace), (signal.SIGQUIT, KILL_GRACE), (signal.SIGKILL, None)):
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)
            return


def _sweep(group: int, folders: list[str]) -> None:
    """End what the command left in its process group and remove its private folders."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
        time.sleep(0.01)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
