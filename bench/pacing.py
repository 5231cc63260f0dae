"""Reps at work at a steady pace: `python -m bench.pacing`, with a plan as JSON on its standard input.

Each request leaves at its appointed moment, signed just then, whatever happened to those before. An answer counts from
the moment that its request was due, so that a queue is seen and not passed over.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from random import Random
from threading import Lock
from typing import Any

from bench import signed
from bench.driver import read

LINES, HOPELESS = 64, 10.0  # seconds after which what was due is not asked any more
# Of a hundred things that reps do: five claims, fifteen follow-ups, the rest is looking.
MIX = ("claim",) * 5 + ("log",) * 15 + ("my",) * 30 + ("today",) * 25 + ("lead",) * 25


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: `owned` are leads with the number of their rep, `free` those that can be claimed."""

    port: int
    key: str
    reps: int
    rate: float
    seconds: float
    owned: Sequence[tuple[int, int]]
    free: Sequence[int]


@dataclass(slots=True)
class Paced:
    """What came of it. `each`: milliseconds from the appointed moment; `said`: how often each thing was done."""

    each: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)


def pace(plan: Plan) -> subprocess.Popen[str]:
    """Begin in another process; `finished` waits for what came of it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.pacing"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    child.stdin.write(json.dumps(asdict(plan)))
    child.stdin.close()
    return child


def finished(child: subprocess.Popen[str]) -> Paced:
    """What came of it, when it is over."""
    assert child.stdout is not None
    return Paced(**json.loads(child.stdout.read()))


def _words(plan: Plan) -> Iterator[tuple[int, str]]:
    """Who says what, for ever."""
    luck, free = Random(1), iter(plan.free)
    while True:
        kind, rep = luck.choice(MIX), luck.randrange(plan.reps)
        number, owner = luck.choice(plan.owned)
        if kind == "claim":
            yield rep, f"claim L-{next(free)}"
        elif kind == "log":
            yield owner, f"log L-{number} called, wants a quote, call back tomorrow 3pm"
        else:
            yield owner, f"lead L-{number}" if kind == "lead" else kind


def _pace(plan: Plan) -> Paced:
    done, lock, all_words = Paced(), Lock(), _words(plan)
    start = time.monotonic() + 0.5
    turns = iter(range(int(plan.rate * plan.seconds)))
    said: Counter[str] = Counter()

    def next_one() -> tuple[float, int, str] | None:
        with lock:
            turn = next(turns, None)
            return None if turn is None else (start + turn / plan.rate, *next(all_words))

    def work(line: socket.socket) -> None:
        for due, rep, words in iter(next_one, None):
            time.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() - due > HOPELESS:
                done.failed.append("not asked: too far behind")
                continue
            with lock:
                said[words.partition(" ")[0]] += 1
            line.sendall(signed.slack_command(f"T{plan.key}", f"U{plan.key}{rep}", words))
            answer = read(line)
            done.each.append((time.monotonic() - due) * 1000)
            if not answer.startswith(b"HTTP/1.1 200") or b"went wrong" in answer:
                done.failed.append(answer[:300].decode(errors="replace"))

    lines = [socket.create_connection(("127.0.0.1", plan.port)) for _ in range(LINES)]
    with ThreadPoolExecutor(LINES) as pool:
        for one in [pool.submit(work, line) for line in lines]:
            one.result()
    done.said = dict(said)
    return done


def _main() -> None:
    given: dict[str, Any] = json.loads(sys.stdin.read())
    print(json.dumps(asdict(_pace(Plan(**given)))))


if __name__ == "__main__":
    _main()
