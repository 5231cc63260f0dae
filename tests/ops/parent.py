"""A program for tests: keeps `sleep` and a shell with a child of its own running, and says who they are."""

import os
import sys

from ops.children import Command
from ops.supervise import Program, Supervisor, stop_on_signals

PROGRAMS = [
    Program("sleeper", Command(["sleep", "600"])),
    Program("shell", Command(["sh", "-c", "sleep 601 & sleep 602"])),
]

if __name__ == "__main__":
    with stop_on_signals() as stop, Supervisor(PROGRAMS, say=lambda text: print(text, flush=True)) as supervisor:
        print(os.getpid(), flush=True)
        supervisor.watch(stop)
    sys.exit(0)
