"""Child processes that never outlive us: each one has a keeper that ends it when this process is gone."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ops.errors import StartError

KEEPER = Path(__file__).with_name("keeper.py")


@dataclass(frozen=True)
class Account:
    """The user that a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """What to run, and how to end it.

    `env` None inherits ours; `log` None shares our standard error; after `stop_signal` the child has `grace` seconds;
    the folders in `remove` go when it has ended, even if we are gone by then.
    """

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    log: Path | None = None
    remove: Sequence[Path] = ()

    def order(self) -> str:
        """The one line that the keeper reads."""
        return json.dumps(
            {
                "argv": list(self.argv),
                "cwd": self.cwd and str(self.cwd),
                "env": self.env and dict(self.env),
                "uid": self.account and self.account.uid,
                "gid": self.account and self.account.gid,
                "stop_signal": int(self.stop_signal),
                "grace": self.grace,
                "log": self.log and str(self.log),
                "remove": [str(folder) for folder in self.remove],
            }
        )


class Child:
    """A running command together with its keeper."""

    def __init__(self, keeper: "subprocess.Popen[str]", pid: int) -> None:
        self.pid = pid
        self._keeper = keeper

    @classmethod
    def start(cls, command: Command) -> Self:
        """Start `command` in a session of its own, so that a Ctrl-C in the terminal reaches only us.

        Raises StartError when it cannot be executed.
        """
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(KEEPER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        keeper.stdin.write(command.order() + "\n")
        keeper.stdin.flush()
        answer = json.loads(keeper.stdout.readline() or '{"error": "its keeper died"}')
        keeper.stdout.close()
        if "error" in answer:
            keeper.stdin.close()
            keeper.wait()
            raise StartError(f"Could not start {Path(command.argv[0]).name}: {answer['error']}.")
        return cls(keeper, answer["pid"])

    def returncode(self) -> int | None:
        """The exit code once it has ended (128 + n for signal n), None while it runs."""
        code = self._keeper.poll()
        if code is not None:
            self.ask_to_stop()
        return code

    def wait(self) -> int:
        """Wait for its own end and return the exit code."""
        code = self._keeper.wait()
        self.ask_to_stop()
        return code

    def ask_to_stop(self) -> None:
        """Begin the end without waiting for it; harmless when it has ended."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()

    def stop(self) -> None:
        """End it and wait until it is gone."""
        self.ask_to_stop()
        self._keeper.wait()


def last_words(log: Path) -> str:
    """The last line of a child's log, which is where programs say why they gave up."""
    return (log.read_text(errors="replace").strip().splitlines() or ["nothing was said"])[-1]
