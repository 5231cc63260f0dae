"""Somebody who is called: a server on this machine that keeps what it got and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


class Receiver:
    """`answers` are the next statuses, each with its headers; when they are used up it is 204.

    Attributes: got: `(headers, body)` of each call, in order.
    """

    def __init__(self, port: int) -> None:
        self.url, self.allowed = f"http://127.0.0.1:{port}/in", (f"127.0.0.1:{port}",)
        self.got: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.raw: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []

    @property
    def topics(self) -> list[str]:
        return [body["type"] for _headers, body in self.got]

    def signed_with(self, secret: str) -> list[bool]:
        """Whether each call bears that signature."""
        return [
            Webhook(secret).sign(headers["webhook-id"], _at(headers), raw) in headers["webhook-signature"].split()
            for (headers, _body), raw in zip(self.got, self.raw, strict=True)
        ]


def _at(headers: dict[str, str]) -> datetime:
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, for as long as it is needed."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.raw.append(raw)
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(raw)))
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nobody listens."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
