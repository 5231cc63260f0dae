"""A receiver of Sluice's calls: believes what is signed, does each event once, and answers at once.

pip install standardwebhooks
HOOK_SECRET=whsec_... python receiver.py
"""

import json
import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

DONE: set[str] = set()  # a table with a unique key, in a real one


def receive(secret: str, headers: dict[str, str], body: bytes, act: Callable[[dict], None]) -> int:
    """The status to answer with; `act` is called once for each event, however often it comes."""
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return 401
    event = headers["webhook-id"]
    if event not in DONE:
        act(json.loads(body))
        DONE.add(event)
    return 204


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(receive(os.environ["HOOK_SECRET"], headers, body, print))
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 9000), Receiver).serve_forever()
