"""Posts prepared requests at so many at once over kept connections: `python -m bench.driver PORT CONNECTIONS`.

A process of its own, so that it does not share an interpreter with what it measures. It reads pickled requests from its
standard input, and prints as JSON the seconds the whole took, the milliseconds of each request, and the answers that
were no success.
"""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue


@dataclass(frozen=True, slots=True)
class Driven:
    """What came of it. `each`: milliseconds of each request, in the order in which they were answered."""

    seconds: float
    each: list[float]
    failed: list[str]
    last: str


def drive(port: int, requests: list[bytes], connections: int) -> Driven:
    """Post the requests from another process."""
    command = [sys.executable, "-m", "bench.driver", str(port), str(connections)]
    done = subprocess.run(command, input=pickle.dumps(requests), stdout=subprocess.PIPE, check=True)
    return Driven(**json.loads(done.stdout))


def _drive(port: int, requests: list[bytes], connections: int) -> Driven:
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for request in requests:
        waiting.put(request)
    driven = Driven(0.0, [], [], "")
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    last = [""]
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(_work, line, waiting, driven, last) for line in lines]:
            done.result()
    return Driven(time.perf_counter() - start, driven.each, driven.failed, last[0])


def _work(line: socket.socket, waiting: SimpleQueue[bytes], driven: Driven, last: list[str]) -> None:
    while True:
        try:
            request = waiting.get_nowait()
        except Empty:
            return
        start = time.perf_counter()
        line.sendall(request)
        answer = read(line)
        driven.each.append((time.perf_counter() - start) * 1000)
        last[0] = answer.decode(errors="replace")
        if not answer.startswith(b"HTTP/1.1 2"):
            driven.failed.append(last[0])


def read(line: socket.socket) -> bytes:
    """One whole answer; its head says how long it is. Raises ConnectionError."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(line)
    head = answer.partition(b"\r\n\r\n")[0]
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(answer) < len(head) + 4 + length:
        answer += _more(line)
    return answer


def _more(line: socket.socket) -> bytes:
    if not (read := line.recv(65536)):
        raise ConnectionError("the server closed the connection")
    return read


if __name__ == "__main__":
    found = _drive(int(sys.argv[1]), pickle.loads(sys.stdin.buffer.read()), int(sys.argv[2]))
    print(json.dumps({name: getattr(found, name) for name in Driven.__slots__}))
