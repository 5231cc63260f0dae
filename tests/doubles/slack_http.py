"""The wire of the double: a real HTTP server on loopback that can also misbehave as real servers do."""

import json
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """One HTTP request: `arguments` are query, form and JSON together."""

    path: str
    arguments: dict[str, Any]
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """One HTTP answer: JSON, or text as it is."""

    body: dict[str, Any] | str | bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class SlackError(Exception):
    """An answer of `ok: false`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.reply = {"ok": False, "error": code, **more}


@dataclass(frozen=True)
class Fault:
    """How the next answer goes wrong. `acts`: the request is carried out first, so that only its answer is lost."""

    reply: Reply | None = None
    hang: float = 0
    cut: bool = False
    truncate: bool = False
    acts: bool = False


def throttled(retry_after: int | None = 1) -> Fault:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(Reply({"ok": False, "error": "ratelimited"}, 429, headers))


def broken(status: int) -> Fault:
    return Fault(Reply("<html>upstream error</html>", status, {"Content-Type": "text/html"}))


def refused(code: str, **more: Any) -> Fault:
    return Fault(Reply({"ok": False, "error": code, **more}))


class Faults:
    """Scripted faults by name of method; each is used once."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, *faults: Fault) -> None:
        self._next[method].extend(faults)

    def take(self, method: str) -> Fault | None:
        waiting = self._next[method]
        return waiting.popleft() if waiting else None

    def clear(self) -> None:
        self._next.clear()


Answer = Callable[[Request], Reply]


class Server:
    """Serves `answer` until stopped; requests run in parallel, as they do at Slack."""

    def __init__(self, answer: Answer, heard: Callable[[Request], None], name: Callable[[str], str]) -> None:
        self.faults = Faults()
        calls = {"answer": staticmethod(answer), "heard": staticmethod(heard), "name": staticmethod(name)}
        handler = type("Handler", (_Handler,), calls | {"faults": self.faults})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    answer: Answer
    heard: Callable[[Request], None]
    name: Callable[[str], str]
    faults: Faults

    def do_POST(self) -> None:
        request = self._read()
        self.heard(request)
        fault = self.faults.take(self.name(request.path)) or Fault()
        reply = self.answer(request) if fault.acts or fault == Fault() or fault.truncate else None
        time.sleep(fault.hang)
        if fault.cut:
            self._cut()
            return
        self._write(fault.reply or reply or Reply({"ok": False, "error": "fatal_error"}), truncate=fault.truncate)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def handle(self) -> None:
        # Who hangs up on a slow server has given up on it; that is the caller's affair and no news here.
        with suppress(BrokenPipeError, ConnectionResetError):
            super().handle()

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def _read(self) -> Request:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        arguments: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            arguments |= json.loads(body or b"{}")
        if kind.startswith("application/x-www-form-urlencoded") and "/upload/" not in parts.path:
            arguments |= dict(parse_qsl(body.decode(), keep_blank_values=True))
        return Request(parts.path, arguments, {name.lower(): value for name, value in self.headers.items()}, body)

    def _write(self, reply: Reply, *, truncate: bool) -> None:
        raw = reply.raw[: len(reply.raw) // 2] if truncate else reply.raw
        self.send_response(reply.status)
        for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _cut(self) -> None:
        """Reset the connection instead of answering."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
