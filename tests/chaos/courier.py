"""Brings deliveries to the web processes as platforms do: signed anew each time, again when nothing came in time,
sometimes twice, at once, or once more when it is long over.
"""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.chaos.ledger import IN_TIME, Asked, Ledger

HANGS = 60.0
"""Seconds after which a request that is neither answered nor broken hangs: far beyond anything that is allowed."""
TRIES = {"slack": 4, "wecom": 3, "intake": 40}
PAUSE = 0.25  # seconds between tries, where platforms wait up to minutes
TWICE, AT_ONCE, LATER = 0.1, 0.1, 0.1


@dataclass(frozen=True)
class Sealed:
    """One request, signed for this moment."""

    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Letter:
    """A delivery. `seal`: signs it for its nth try; `says_no`: whether a 2xx with this body says that nothing was
    done."""

    asked: Asked
    seal: Callable[[int], Sealed]
    says_no: Callable[[bytes], bool] = lambda _: False


@dataclass
class Courier:
    """Delivers to any of the ports. Args: chance: decides about ports and doubles."""

    ports: Sequence[int]
    ledger: Ledger
    chance: random.Random
    _late: deque[Letter] = field(default_factory=lambda: deque(maxlen=40))

    def bring(self, letter: Letter) -> bytes | None:
        """The body of the 2xx that came in time; None when none came."""
        body = (self._at_once if self.chance.random() < AT_ONCE else self._until_taken)(letter)
        letter.asked.acknowledged = body is not None
        letter.asked.turned_away = body is not None and letter.says_no(body)
        letter.asked.ended = time.monotonic()
        self._again(letter)
        return None if letter.asked.turned_away else body

    def _until_taken(self, letter: Letter) -> bytes | None:
        for number in range(TRIES[letter.asked.platform]):
            body = self._once(letter, number)
            if body is not None:
                return body
            time.sleep(PAUSE)
        return None

    def _at_once(self, letter: Letter) -> bytes | None:
        """To both web processes at the same moment, before it is brought as always."""
        with ThreadPoolExecutor(2) as both:
            bodies = list(both.map(lambda port: self._once(letter, 0, port), self.ports[:2]))
        found = [body for body in bodies if body is not None]
        return found[0] if len(found) == 2 else self._until_taken(letter)

    def _again(self, letter: Letter) -> None:
        """Now and then it comes once more, at once or after others that were sent later."""
        drawn = self.chance.random()
        if drawn < TWICE:
            self._once(letter, 1)
        elif drawn < TWICE + LATER:
            self._late.append(letter)
        elif self._late and drawn > 1 - LATER:
            self._once(self._late.popleft(), 2)

    def _once(self, letter: Letter, number: int, port: int = 0) -> bytes | None:
        letter.asked.tries += 1
        began = time.monotonic()
        try:
            status, body = _post(port or self.chance.choice(self.ports), letter.seal(number))
        except TimeoutError:
            self.ledger.tried("hung", HANGS)
            return None
        except (OSError, http.client.HTTPException):
            self.ledger.tried("broken", time.monotonic() - began)
            return None
        took = time.monotonic() - began
        in_time = took <= IN_TIME[letter.asked.platform]
        how = ("answered" if in_time else "late") if 200 <= status < 300 else f"refused with {status}"
        self.ledger.tried(how, took)
        return body if how == "answered" else None


def _post(port: int, sealed: Sealed) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS)
    try:
        connection.request("POST", sealed.path, sealed.body, dict(sealed.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@dataclass
class Numbers:
    """Numbers that nobody else has. Safe to share by threads."""

    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> int:
        with self._lock:
            self._next += 1
            return self._next
