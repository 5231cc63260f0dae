"""Socket Mode: Slack's requests over a connection that we open, for people without a public address.

The same door answers; only signing falls away, because Slack's server is known by its certificate. A request that is
not acknowledged (the database is away, or we are about to stop) comes again, on another connection or later.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from socket import SHUT_RD
from typing import Any, Protocol

import structlog
from slack_bolt import BoltResponse
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.platforms.base import PlatformError, Throttled
from bot.platforms.slack_errors import meaning, quiet
from webhooks import slack_payloads as payloads

log = structlog.get_logger()

LOOK_EVERY = 1.0  # seconds
LONGEST_WAIT = 60.0
FINISH, HOLD = 3.0, 0.1
PAYLOAD_CHUNK = 65_536


class Answering(Protocol):
    """What the connection needs of the door."""

    def told(self, payload: payloads.Payload) -> BoltResponse:
        """What Slack is told about a payload."""
        ...


class _Client(SocketModeClient):
    """The SDK's client, which asks for a new address without sleeping: whoever waits here could not be stopped."""

    def connect(self) -> None:
        _hear_no_more(self)
        super().connect()

    def issue_new_wss_url(self) -> str:
        try:
            return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])
        except Exception as error:  # noqa: BLE001 - the SDK lets anything through that a broken answer can cause
            raise meaning(error) from None


class Socket:
    """One connection of this process, kept up until `close`.

    Args:
        door: answers payloads.
        token: the app-level token (`xapp-...`), `api_url` Slack's Web API.
        look_every: seconds between two looks at whether the connection stands; a failure doubles them.
    """

    def __init__(self, door: Answering, *, token: str, api_url: str, look_every: float = LOOK_EVERY) -> None:
        self._door, self._look_every = door, look_every
        self._stop = threading.Event()
        self._busy = 0
        self._idle = threading.Condition()
        web = WebClient(base_url=api_url, timeout=8, retry_handlers=[], logger=quiet)
        self._client = _Client(
            token, logger=quiet, web_client=web, auto_reconnect_enabled=False, receive_buffer_size=PAYLOAD_CHUNK
        )
        self._client.socket_mode_request_listeners.append(self._heard)
        self._keeper = threading.Thread(target=self._keep, name="slack-socket", daemon=True)

    def start(self) -> None:
        """Connect behind the start of the process; Slack may be away for now."""
        self._keeper.start()

    @property
    def connected(self) -> bool:
        """Whether requests can come."""
        return bool(self._client.is_connected())

    def close(self) -> None:
        """Take nothing new, finish what is under way, hang up."""
        self._stop.set()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, FINISH)
        # A connection that is being made is hung up as well: until its maker is done, nobody knows of it.
        self._keeper.join(FINISH)
        _hear_no_more(self._client)
        self._client.message_queue.put(None)
        closing = threading.Thread(target=self._client.close, daemon=True)
        closing.start()
        until = time.monotonic() + FINISH
        while closing.is_alive() and time.monotonic() < until:
            # The SDK's reader may overlook that it was told to end while it was about to begin.
            self._client.current_session_state.terminated = True
            closing.join(HOLD)

    def _keep(self) -> None:
        wait = self._look_every
        while not self._stop.is_set():
            if not self._client.is_connected():
                wait = self._connect(wait)
            self._stop.wait(self._look_every)

    def _connect(self, wait: float) -> float:
        """Try once, and return how long to wait after the next failure."""
        try:
            self._client.connect_to_new_endpoint()
        except PlatformError as error:
            log.warning("slack.socket_refused", cause=error.cause)
            self._stop.wait(error.retry_after if isinstance(error, Throttled) else wait)
        else:
            if self._client.is_connected():
                log.info("slack.socket_connected")
                return self._look_every
            self._stop.wait(wait)
        return min(wait * 2, LONGEST_WAIT)

    def _heard(self, _client: Any, request: SocketModeRequest) -> None:
        with self._idle:
            if self._stop.is_set():
                return
            self._busy += 1
        try:
            self._answer(request)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _answer(self, request: SocketModeRequest) -> None:
        try:
            said = self._door.told(payloads.read_enveloped(request.type, request.payload))
        except payloads.BadShape:
            said = BoltResponse(status=400)
        if said.status >= 500:
            return
        body = payloads.read_answer(said.body) if request.accepts_response_payload else None
        self._client.send_socket_mode_response(SocketModeResponse(request.envelope_id, body))


def _hear_no_more(client: SocketModeClient) -> None:
    """Let go of the connection's reader, which would hold its socket for seconds in the hope of another frame."""
    wire = client.current_session.sock if client.current_session else None
    if wire is not None:
        with suppress(OSError):
            wire.shutdown(SHUT_RD)
