"""A gate in front of a server on a Unix socket: open, shut as if the server were stopped, or slow."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUTHFUL = 65_536


class Gate:
    """Passes bytes on to the server behind it. `delay` is how many seconds each of its answers takes."""

    def __init__(self, path: Path, server: Path) -> None:
        self.path, self._server, self.delay = path, server, 0.0
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Let everybody in."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        threading.Thread(target=self._welcome, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Nobody gets in, and who is inside is cut off."""
        self.path.unlink(missing_ok=True)
        if self._listener is not None:
            _end(self._listener)
        for each in self._open:
            _end(each)
        self._open.clear()

    def _welcome(self, listener: socket.socket) -> None:
        while True:
            try:
                guest, _ = listener.accept()
            except OSError:
                return
            host = socket.socket(socket.AF_UNIX)
            host.connect(str(self._server))
            self._open += [guest, host]
            threading.Thread(target=self._pass, args=(guest, host, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(host, guest, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(MOUTHFUL):
                time.sleep(self.delay if answers else 0)
                target.sendall(data)
        _end(source)
        _end(target)


@contextmanager
def gate(path: Path, server: Path) -> Iterator[Gate]:
    """An open gate, shut at the end."""
    made = Gate(path, server)
    made.open()
    yield made
    made.shut()


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
