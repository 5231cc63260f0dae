"""Keeps a set of programs running side by side: all of them, or none.

A program that dies is started again, a little later each time; one that cannot stay up ends the whole with one
sentence. Ctrl-C and SIGTERM stop everything that was started, and so does the death of this process.
"""

import contextlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

from ops.children import Child, Command
from ops.errors import StartError

DEATHS = 5  # within WINDOW seconds: more, and the program cannot stay up
WINDOW = 60.0
FIRST_PAUSE = 0.5  # seconds before a restart; doubles with each recent death
LOOK_EVERY = 0.2


@dataclass
class Program:
    """One program to keep running, and how it has fared."""

    name: str
    command: Command
    child: Child | None = None
    deaths: deque[float] = field(default_factory=deque)
    start_at: float = 0.0


class Supervisor:
    """Starts programs and watches over them; `say` gets a sentence whenever one had to be started again."""

    def __init__(self, programs: Sequence[Program], *, say: Callable[[str], None]) -> None:
        self._programs = programs
        self._say = say

    def __enter__(self) -> Self:
        try:
            for program in self._programs:
                program.child = Child.start(program.command)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def watch(self, stop: threading.Event, *, until: Callable[[], bool] = lambda: False) -> None:
        """Return when `stop` is set or `until` holds; StartError when a program cannot stay up."""
        while not stop.wait(LOOK_EVERY):
            for program in self._programs:
                self._look_after(program, time.monotonic())
            if until():
                return

    def _look_after(self, program: Program, now: float) -> None:
        if program.child is None:
            if now >= program.start_at:
                program.child = Child.start(program.command)
        elif (code := program.child.returncode()) is not None:
            program.child = None
            self._plan_restart(program, code, now)

    def _plan_restart(self, program: Program, code: int, now: float) -> None:
        program.deaths.append(now)
        while program.deaths[0] < now - WINDOW:
            program.deaths.popleft()
        if len(program.deaths) > DEATHS:
            log = f" (log: {program.command.log})" if program.command.log else ""
            raise StartError(f"The {program.name} ended {len(program.deaths)} times in a minute, {_how(code)}{log}.")
        program.start_at = now + FIRST_PAUSE * 2 ** (len(program.deaths) - 1)
        self._say(f"The {program.name} ended, {_how(code)}; starting it again.")

    def _stop(self) -> None:
        children = [program.child for program in self._programs if program.child]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()


def _how(code: int) -> str:
    return f"by {signal.Signals(code - 128).name}" if code > 128 else f"with exit code {code}"


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and a closed terminal set, instead of ending this process on the spot."""
    stop = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    # `nohup` and the like ignore SIGHUP for us; that stays so.
    hang_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM, *hang_up)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
