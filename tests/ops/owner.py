"""A program for tests: owns the engines of a data folder and says where they listen, until it is ended."""

import signal
import sys
from pathlib import Path

from ops.embedded import Engines

if __name__ == "__main__":
    # A test run in the background of a script is started with SIGINT ignored, and we inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Engines(Path(sys.argv[1]), durable=False) as sockets:
        print(sockets.postgres, sockets.valkey, flush=True)
        signal.pause()
