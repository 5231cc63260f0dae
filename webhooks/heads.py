"""How the web process reads HTTP: a parser in C, in a small part of the time that one of Python takes, with a bound on
what a request may say before it begins."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD = 64 * 1024  # bytes of a request's head: many times what browsers, chats and proxies send


class Protocol(HttpToolsProtocol):
    """Refuses a head without an end; the parser itself would wait for more as long as somebody sends it."""

    _is_head, _read = True, 0

    def on_message_begin(self) -> None:
        self._is_head, self._read = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._is_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Called with whatever has come."""
        super().data_received(data)
        if self._is_head and not self.transport.is_closing():
            self._read += len(data)
            if self._read > HEAD:
                self.send_400_response("The head of this request is too long.")
