"""P27: calls go only where they should. What is inside is never connected to, however it is written or resolved."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from urllib3.util import connection

from bot import outward
from bot.outward import Forbidden, NoAnswer

PUBLIC = "93.184.216.34"
INSIDE = (
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.7", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1",
    "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::",
    "2002:a9fe:a9fe::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1",
    "2001:0:7f00:1:0:0:80ff:fffe", "2001:db8::1",
)  # fmt: skip
ODD = (
    "", "hooks.example", "//hooks.example/x", "ftp://hooks.example/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_",
    "javascript:alert(1)", "http://hooks.example/", "https://hooks.example:8443/", "https://hooks.example:80/",
    "https://hooks.example:22/", "https://hooks.example:0/", "https://hooks.example:99999/", "https://hooks.example:x/",
    "https://user@hooks.example/", "https://user:word@hooks.example/", "https://hooks.example@127.0.0.1/",
    "https://127.0.0.1\\@hooks.example/", "https://hooks.example\\.evil.example/", "https://hooks.example/\r\nX: y",
    "https://hooks example/", "https:// hooks.example/", "https://\x00/", "https://[::1/", "https://[fe80::1%25eth0]/",
    "https:///x", "https://?x", "https://#x", "https://.../", "https://a..b/", "https://*/", "https://%31%32%37.1/",
    "https://-a.example/", "https://" + "a" * 64 + ".example/", "https://" + "a." * 130 + "example/",
    "https://hooks.example/" + "a" * 2000, "http://[::ffff:127.0.0.1]/", "https://①②⑦.0.0.1:1/",
)  # fmt: skip
NUMBERS = (
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
    "https://[::1]/", "https://[::ffff:7f00:1]/", "https://localhost/", "https://LOCALHOST./", "https://①②⑦.0.0.1/",
    "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://0/", "https://127.0.0.1./",
)  # fmt: skip


@pytest.fixture
def connections(monkeypatch) -> list[Any]:
    """Where anybody tried to connect to; none of it happens."""
    tried: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> None:
        tried.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(connection, "create_connection", connect)
    return tried


def send(url, **how: Any):
    return outward.post(url, b"{}", {"Content-Type": "application/json"}, **how)


@pytest.mark.parametrize("number", INSIDE)
def test_a_name_that_leads_inside_is_not_called(connections, number):
    with pytest.raises(Forbidden):
        send("https://hooks.example/", resolve=lambda _host, _port: [number])
    with pytest.raises(Forbidden):
        send("https://hooks.example/", resolve=lambda _host, _port: [PUBLIC, number])
    assert connections == []


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_plain_public_address_is_not_even_looked_up(connections, url):
    with pytest.raises(Forbidden):
        send(url, resolve=lambda _host, _port: pytest.fail("it was looked up"))
    assert connections == []


@pytest.mark.parametrize("url", NUMBERS)
def test_numbers_in_every_spelling_are_what_they_are(connections, url):
    with pytest.raises((Forbidden, NoAnswer)):
        send(url)
    assert connections == []


def test_the_address_that_was_checked_is_the_one_that_is_called(connections):
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    with pytest.raises(NoAnswer):
        send("https://hooks.example/a?b=c", resolve=lambda _host, _port: next(answers))
    assert connections == [(PUBLIC, 443)]


def test_no_proxy_is_asked_to_go_where_we_do_not(connections, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    with pytest.raises(NoAnswer):
        send("https://hooks.example/", resolve=lambda _host, _port: [PUBLIC])
    assert connections == [(PUBLIC, 443)]


def test_a_name_that_nobody_knows_is_no_answer(connections):
    for found in ([], ["what"]):
        with pytest.raises(NoAnswer, match="NameUnknown"):
            send("https://hooks.example/", resolve=lambda _host, _port, found=found: found)
    assert connections == []


@contextmanager
def served(answer):
    """A server on this machine that answers each post with what `answer(handler)` writes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.server.seen.append(
                (self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            )
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.daemon_threads = [], True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def says(status, *headers, body=b""):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def inside(server, path="/x"):
    port = server.server_address[1]
    return {"url": f"http://127.0.0.1:{port}{path}", "allowed": {f"127.0.0.1:{port}"}}


def test_what_the_operator_allows_by_name_is_called():
    with served(says(200, ("X-Seen", "yes"), body=b"thanks")) as server:
        reply = send(**inside(server, "/in?a=b c".replace(" ", "%20")))
        other = inside(server) | {"allowed": {"127.0.0.1:1"}}
        with pytest.raises(Forbidden):
            send(**other)
    assert (reply.status, reply.headers["x-seen"], reply.body) == (200, "yes", b"thanks")
    path, headers, body = server.seen[0]
    assert (path, headers["Host"], body) == ("/in?a=b%20c", f"127.0.0.1:{server.server_address[1]}", b"{}")
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_leads_us_on(status):
    with served(says(200)) as further, served(says(status, ("Location", inside(further)["url"]))) as server:
        allowed = inside(server)["allowed"] | inside(further)["allowed"]
        assert send(inside(server)["url"], allowed=allowed).status == status
    assert further.seen == []


def test_an_endless_answer_is_read_up_to_a_bound():
    with served(says(200, body=b"x" * 3_000_000)) as server:
        assert len(send(**inside(server)).body) == outward.MOST_OF_ANSWER


@pytest.fixture
def drips(monkeypatch):
    """Writes byte after byte until the test is over; a whole call may take a moment."""
    monkeypatch.setattr(outward, "WHOLE", 1.0)
    stop = threading.Event()

    def drip(handler):
        with suppress(OSError):
            handler.wfile.write(b"x")
            while not stop.wait(0.05):
                handler.wfile.write(b"x")

    yield drip
    stop.set()


def test_an_answer_that_drips_is_heard_for_a_while_only(drips):
    def answer(handler):
        says(200, ("Content-Length", "1000"))(handler)
        drips(handler)

    with served(answer) as server:
        assert 0 < len(send(**inside(server)).body) < 1000


def test_who_never_gets_to_the_point_has_not_answered(drips):
    with served(drips) as server, pytest.raises(NoAnswer):
        send(**inside(server))


def test_a_certificate_is_asked_for_under_the_name_not_the_number():
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]

        def take_one() -> None:
            taken, _peer = listener.accept()
            with taken, pytest.raises((ssl.SSLError, OSError)):
                context.wrap_socket(taken, server_side=True)

        thread = threading.Thread(target=take_one)
        thread.start()
        with pytest.raises(NoAnswer):
            send(f"https://hooks.example:{port}/", allowed={"hooks.example"}, resolve=lambda *_: ["127.0.0.1"])
        thread.join()
    assert asked == ["hooks.example"]
