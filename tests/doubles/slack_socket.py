"""Slack's end of Socket Mode: a WebSocket server that hands out envelopes and waits for their acknowledgements."""

import base64
import hashlib
import itertools
import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class SocketDouble:
    """One address; an address is good for one connection, as Slack's are."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._changed = threading.Condition()
        self._ids = itertools.count(1)
        self._tickets: set[str] = set()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.connections = self.left = 0
        self.acks: dict[str, dict[str, Any]] = {}
        self.may_greet = threading.Event()
        self.may_greet.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self) -> str:
        """A fresh address."""
        ticket = f"t{next(self._ids)}"
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._port}/link/?ticket={ticket}"

    def wait(self, happened: Callable[[], Any], seconds: float = 30) -> Any:
        """What `happened` returns as soon as it is something."""
        with self._changed:
            assert self._changed.wait_for(happened, seconds), "it did not happen on the socket"
            return happened()

    def send(self, kind: str, payload: dict[str, Any], *, envelope: str = "") -> str:
        """Send a payload to whoever is connected; returns the envelope's id."""
        name = envelope or f"env-{next(self._ids)}"
        self.wait(lambda: self._open)
        whole = {"envelope_id": name, "type": kind, "payload": payload}
        self._say(whole | {"accepts_response_payload": kind != "events_api"})
        return name

    def answer(self, envelope: str, seconds: float = 30) -> dict[str, Any]:
        """The acknowledgement of an envelope."""
        return self.wait(lambda: self.acks.get(envelope), seconds).get("payload", {})

    def tell_to_leave(self) -> None:
        """Slack moves a connection to another host."""
        self._say({"type": "disconnect", "reason": "refresh_requested"})

    def drop(self) -> None:
        """Close the connection without a word before."""
        self._frame(self._open[-1], CLOSE, struct.pack("!H", 1006))

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for each in self._threads:
            each.join(5)

    def _say(self, message: dict[str, Any]) -> None:
        self._frame(self._open[-1], TEXT, json.dumps(message).encode())

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                wire, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(wire,), daemon=True))
                self._threads[-1].start()

    def _serve(self, wire: socket.socket) -> None:
        with wire, suppress(OSError, EOFError):
            if not self._greet(wire):
                return
            with self._changed:
                self._open.append(wire)
                self.connections += 1
                self._changed.notify_all()
            self._frame(wire, TEXT, b'{"type": "hello", "num_connections": 1}')
            with suppress(OSError, EOFError):
                while True:
                    self._hear(wire, *_read(wire))
            with self._changed:
                self.left += 1
                self._changed.notify_all()

    def _greet(self, wire: socket.socket) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += wire.recv(1)
        lines = head.decode().split("\r\n")
        self.may_greet.wait(30)
        ticket = lines[0].split(" ")[1].rpartition("=")[2]
        if ticket not in self._tickets:
            wire.sendall(b"HTTP/1.1 408 Gone\r\n\r\n")
            return False
        self._tickets.discard(ticket)
        key = next(line.partition(": ")[2] for line in lines if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        told = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}"
        wire.sendall(f"HTTP/1.1 101 Switching Protocols\r\n{told}\r\n\r\n".encode())
        return True

    def _hear(self, wire: socket.socket, kind: int, data: bytes) -> None:
        if kind == PING:
            self._frame(wire, PONG, data)
        if kind == TEXT:
            said = json.loads(data)
            with self._changed:
                self.acks[said["envelope_id"]] = said
                self._changed.notify_all()

    def _frame(self, wire: socket.socket, kind: int, data: bytes) -> None:
        size = len(data)
        length = bytes([size]) if size < 126 else struct.pack("!BH", 126, size)
        wire.sendall(bytes([0x80 | kind]) + length + data)


def _read(wire: socket.socket) -> tuple[int, bytes]:
    """One masked frame of a client."""
    first, second = _exactly(wire, 2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", _exactly(wire, 2))
    mask = _exactly(wire, 4)
    data = _exactly(wire, size)
    return first & 0xF, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def _exactly(wire: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        if not (more := wire.recv(count - len(data))):
            raise EOFError
        data += more
    return data
