"""Calls to addresses that a customer chose: only to the public internet, and to nothing that they are led on to.

The address that was checked is the one that is connected to, whatever the name resolves to a moment later. There is no
proxy, no redirect is followed, and neither the answer nor the time that it takes is without bound.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

CONNECT, READ, WHOLE = 3.0, 8.0, 15.0  # seconds
LONGEST_URL, MOST_OF_ANSWER = 2_000, 16 * 1024
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_UNCLEAN = re.compile(r"[\x00-\x20\x7f\\]")
# Public by their numbers, but the inside of a cloud to whoever calls them from there.
_INSIDE = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
_NAT64 = IPv6Network("64:ff9b::/96")


class Forbidden(Exception):
    """An address that is not called; the words are for logs and lists, free of what was given."""


class NoAnswer(Exception):
    """Nobody answered, or not in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A part of the internet to call. `trusted`: the operator has allowed it by name."""

    scheme: str
    host: str
    port: int
    path: str
    trusted: bool

    @property
    def name(self) -> str:
        """As the header `Host` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `headers` with lower-case names, the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def target(url: str, allowed: Collection[str] = ()) -> Target:
    """What a URL names, read once and for all.

    Args: allowed: hosts, or `host:port`, that the operator vouches for: also inside, by http, and on any port.
    Raises: Forbidden.
    """
    if len(url) > LONGEST_URL or _UNCLEAN.search(url):
        raise Forbidden("not an address")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host = host if ":" in host else host.encode("idna").decode().lower()
    except ValueError:
        raise Forbidden("not an address") from None
    if parts.scheme not in ("http", "https") or set("@%") & set(parts.netloc) or not _is_host(host):
        raise Forbidden("not an address")
    port = {"https": 443, "http": 80}[parts.scheme] if port is None else port
    trusted = host in allowed or f"{host}:{port}" in allowed
    if not trusted and (parts.scheme, port) != ("https", 443):
        raise Forbidden("neither https nor port 443")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, urllib3.util.parse_url(path).request_uri, trusted)


def is_public(address: Address) -> bool:
    """Whether an address is anybody's on the internet, also where it carries another one inside."""
    return all(
        each.is_global and not (each.is_multicast or each.is_reserved or _is_inside(each))
        for each in _unwrapped(address)
    )


def resolve(host: str, port: int) -> Sequence[str]:
    """The numbers behind a name. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str] = (),
    resolve: Resolve = resolve,
) -> Reply:
    """Send it. Raises Forbidden; NoAnswer with the cause in a word."""
    where = target(url, allowed)
    number = _checked(where, resolve)
    with _deadline(WHOLE) as watched, _pool(where, number, watched) as pool:
        try:
            answer = pool.urlopen(
                "POST", where.path, body=body, headers={**headers, "Host": where.name}, redirect=False, retries=False,
                preload_content=False, decode_content=False, assert_same_host=False,
            )  # fmt: skip
            beginning = answer.read(MOST_OF_ANSWER, decode_content=False)
        except (HTTPError, OSError, ValueError) as exc:
            raise NoAnswer(type(exc).__name__) from None
    return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, beginning)


def _checked(where: Target, resolve: Resolve) -> str:
    """The one number to connect to. One that is inside condemns the name, in whatever company it comes."""
    try:
        numbers = [ip_address(number.partition("%")[0]) for number in resolve(where.host, where.port)]
    except (OSError, ValueError):
        raise NoAnswer("NameUnknown") from None
    if not numbers:
        raise NoAnswer("NameUnknown")
    if not (where.trusted or all(map(is_public, numbers))):
        raise Forbidden("not on the public internet")
    return str(numbers[0])


def _unwrapped(address: Address) -> Iterator[Address]:
    """The address itself, and those of the old internet that one of the new may stand for."""
    yield address
    if isinstance(address, IPv6Address):
        inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        yield from (each for each in inside if each is not None)
        if address in _NAT64 or int(address) >> 32 == 0:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_inside(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        return address.is_site_local
    return any(address in network for network in _INSIDE)


def _is_host(host: str) -> bool:
    try:
        return bool(_HOST.fullmatch(host) or ip_address(host))
    except ValueError:
        return False


class _Watched:
    """The connection of one call, so that its time can be ended from outside."""

    def __init__(self) -> None:
        self._own: socket.socket | None = None

    def see(self, opened: socket.socket) -> None:
        """Keep a handle of our own: TLS takes the other one over."""
        self._own = opened.dup()

    def end(self) -> None:
        """Whoever reads from it or writes to it gets an error now."""
        if self._own is not None:
            with suppress(OSError):
                self._own.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._own is not None:
            self._own.close()


@contextmanager
def _deadline(seconds: float) -> Iterator[_Watched]:
    """Limits of a socket count from its last byte: one that drips would keep us for days."""
    watched = _Watched()
    timer = threading.Timer(seconds, watched.end)
    timer.daemon = True
    timer.start()
    try:
        yield watched
    finally:
        timer.cancel()
        watched.close()


@contextmanager
def _pool(where: Target, number: str, watched: _Watched) -> Iterator[urllib3.HTTPConnectionPool]:
    """Connects to the number and shows the name, also in the certificate."""
    timeout = urllib3.Timeout(connect=CONNECT, read=READ)
    made: urllib3.HTTPConnectionPool
    if where.scheme == "https":
        made = urllib3.HTTPSConnectionPool(
            number, where.port, timeout=timeout, server_hostname=where.host, assert_hostname=where.host,
            cert_reqs="CERT_REQUIRED", ca_certs=certifi.where(),
        )  # fmt: skip
        made.ConnectionCls = _observed(HTTPSConnection, watched)  # type: ignore[assignment]
    else:
        made = urllib3.HTTPConnectionPool(number, where.port, timeout=timeout)
        made.ConnectionCls = _observed(HTTPConnection, watched)
    try:
        yield made
    finally:
        made.close()


def _observed(kind: type[HTTPConnection], watched: _Watched) -> type[HTTPConnection]:
    class Observed(kind):  # type: ignore[misc, valid-type]
        def _new_conn(self) -> socket.socket:
            opened: socket.socket = super()._new_conn()
            watched.see(opened)
            return opened

    return Observed
