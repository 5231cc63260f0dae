"""An application behind a real HTTP server on loopback, so that bodies, chunks and broken connections are real."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from webhooks.heads import Protocol


class Server(uvicorn.Server):
    """Ends as soon as it is asked to and sleeps until then, where the original looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.asked = threading.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await asyncio.to_thread(self.asked.wait)


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve until the block ends; yields `host:port`."""
    server = Server(uvicorn.Config(app, log_level="critical", lifespan="off", loop="asyncio", ws="none", http=Protocol))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.asked.set()
            thread.join(10)


def call(host: str, method: str, path: str, body: bytes | Iterator[bytes] | None = None) -> tuple[int, bytes]:
    """One request; returns status and body. An iterator is sent in chunks."""
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(method, path, body, {"Content-Type": "text/xml"}, encode_chunked=not isinstance(body, bytes))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
