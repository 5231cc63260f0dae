"""A double of Meta's Graph API, as far as leads are fetched from it, as strict as its documentation says."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERSION = "v23.0"
TOKEN = "EAAB-page-token"
APP_SECRET = "an app's secret"


class Graph:
    """What the double knows. `fails` holds answers (status, error) that are given first, one each call."""

    def __init__(self) -> None:
        self.leads: dict[str, dict[str, Any]] = {}
        self.tokens = {TOKEN}
        self.fails: list[tuple[int, dict[str, Any]]] = []
        self.calls: list[str] = []
        self.url = ""

    def answer(self, method: str, address: str) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(address)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.calls.append(parts.path)
        if self.fails:
            return self.fails.pop(0)
        version, _, lead_id = parts.path.strip("/").partition("/")
        if method != "GET" or version != VERSION or not lead_id.isdecimal():
            return 400, error(2500, "Unknown path components", kind="OAuthException")
        if given.get("access_token") not in self.tokens:
            return 400, error(190, "Error validating access token", kind="OAuthException", subcode=463)
        if "appsecret_proof" in given and given["appsecret_proof"] != _proof(given["access_token"]):
            return 400, error(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")
        lead = self.leads.get(lead_id)
        if lead is None:
            return 400, error(100, "Unsupported get request. Object does not exist", subcode=33)
        wanted = set(given.get("fields", "created_time,id,ad_id,form_id,field_data").split(","))
        return 200, {name: value for name, value in lead.items() if name in wanted | {"id"}}


def error(code: int, message: str, *, kind: str = "GraphMethodException", subcode: int = 0) -> dict[str, Any]:
    """An error as the Graph API words it."""
    found = {"message": message, "type": kind, "code": code, "fbtrace_id": "AbCdEf"}
    return {"error": found | ({"error_subcode": subcode} if subcode else {})}


def _proof(token: str) -> str:
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()


@contextmanager
def serving() -> Iterator[Graph]:
    """The double behind an address of this machine."""
    graph = Graph()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = graph.answer("GET", self.path)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        graph.url = f"http://127.0.0.1:{server.server_port}/{VERSION}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield graph
        server.shutdown()
        thread.join()
