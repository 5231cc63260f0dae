"""The rows of a file, checked, in batches; those of a long file by another process, which reads ahead meanwhile.

That process takes a pickled order from its standard input and answers with batches. It ends by itself when nobody reads
them any more.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, NamedTuple

from crm import sheets
from crm.rules.arrival import Checked, Key, parts_of
from crm.rules.sheet_row import Reading, Reject, Row, read

SIZE = 5_000
AHEAD = 3  # batches that wait; each takes a few megabytes
LONG = 20_000  # rows from which another process is worth its start
_LENGTH = struct.Struct(">Q")


class Batch(NamedTuple):
    """Rows one after the other: `read` of them, up to `line` in the file; those that may go in, and the others.

    Those that may go in stand in lanes: rows that share a phone, an e-mail or another key in the same one, in their
    order, so that lanes can be written at the same time and come out as if all had been written one by one.
    """

    read: int
    line: int
    lanes: list[list[Row]]
    rejects: list[Reject]

    @property
    def rows(self) -> list[Row]:
        """All that may go in."""
        return [row for lane in self.lanes for row in lane]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read, and how."""

    path: Path
    reading: Reading
    size: int = SIZE
    lanes: int = 1


def batches(order: Order, total: int) -> Iterator[Batch]:
    """All rows of a file. Args: total: about how many there are. Raises SheetError."""
    if total < LONG:
        yield from _read(order)
    else:
        yield from _ahead(order)


def first(order: Order) -> Batch:
    """The first rows of a file. Raises SheetError."""
    return next(_read(order), Batch(0, 1, [[]], []))


def examples(path: Path) -> list[str]:
    """For each column something that stands in it near the top. Raises SheetError."""
    with path.open("rb") as stream:
        sheet = sheets.read(stream)
        near = list(islice(sheet.rows, 20))
    width = len(sheet.header)
    return [next((row[n] for row in near if n < len(row) and row[n].strip()), "") for n in range(width)]


def _read(order: Order) -> Iterator[Batch]:
    with order.path.open("rb") as stream:
        found = (read(order.reading, line, cells) for line, cells in sheets.read(stream).numbered)
        while together := list(islice(found, order.size)):
            rows = [one for one in together if isinstance(one, Row)]
            rejects = [one for one in together if isinstance(one, Reject)]
            yield Batch(len(together), together[-1].line, lanes_of(rows, order.lanes), rejects)


def lanes_of(rows: list[Row], many: int) -> list[list[Row]]:
    """Part rows so that no key stands in two lanes; the lanes are about as long as each other where keys allow it."""
    if many == 1:
        return [rows]
    together: dict[Key, list[Row]] = {}
    for row in rows:
        groups = {id(group): group for group in (together.get(key) for key in row.checked.keys) if group is not None}
        mine = [one for group in groups.values() for one in group] + [row]
        together.update((key, mine) for one in mine for key in one.checked.keys)
    lanes: list[list[Row]] = [[] for _ in range(many)]
    for group in {id(group): group for group in together.values()}.values():
        min(lanes, key=len).extend(group)
    return [sorted(lane, key=attrgetter("line")) for lane in lanes]


def _ahead(order: Order) -> Iterator[Batch]:
    command = [sys.executable, "-c", "from ops.reading import serve; serve()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None, "asked for"
        assert process.stdout is not None, "asked for"
        process.stdin.write(pickle.dumps(order))
        process.stdin.close()
        waiting: Queue[Any] = Queue(AHEAD)
        Thread(target=_receive, args=(process.stdout, waiting), daemon=True).start()
        try:
            while found := waiting.get():
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            process.kill()


def _receive(stream: BinaryIO, waiting: Queue[Any]) -> None:
    """Batches as they come, unpacked while the database works; None at the end."""
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        found = pickle.loads(stream.read(*_LENGTH.unpack(head)))  # noqa: S301  (written by a process of ours)
        waiting.put(found if isinstance(found, Exception) else _unpacked(*found))
    waiting.put(None)


def serve() -> None:
    """Be that process."""
    gc.disable()  # rows hold no circles
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301  (written by a process of ours)
    with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as out:
        try:
            for batch in _read(order):
                _send(out, _packed(batch))
        except sheets.SheetError as exc:
            _send(out, exc)


def _packed(batch: Batch) -> tuple[Any, ...]:
    """Plain tuples, which go from process to process in half the time."""
    lanes = [[(line, parts_of(checked), *more) for line, checked, *more in lane] for lane in batch.lanes]
    return batch.read, batch.line, lanes, batch.rejects


def _unpacked(read: int, line: int, lanes: list[list[tuple[Any, ...]]], rejects: list[Reject]) -> Batch:
    rows = [[Row(number, Checked(*parts), *more) for number, parts, *more in lane] for lane in lanes]
    return Batch(read, line, rows, rejects)


def _send(out: BinaryIO, found: object) -> None:
    block = pickle.dumps(found, protocol=pickle.HIGHEST_PROTOCOL)
    out.write(_LENGTH.pack(len(block)))
    out.write(block)
    out.flush()
