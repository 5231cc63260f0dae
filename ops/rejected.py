"""The rows of a file that could not be taken in, with the reason: correct them and import that file in turn."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Self, TextIO

from bot.cards.dropped import FIELDS
from bot.cards.language import translate
from crm.rules.inert import inert

LINE, REASON = "line", "reason"


class Rejected:
    """`<file>.rejected.csv`, made with its first row; one of an earlier run is removed. A context manager.

    Spreadsheets can open it, Chinese included, and will run none of it as a formula. The reasons are in `locale`.
    """

    def __init__(self, path: Path, header: list[str], locale: str) -> None:
        self.path = path.with_name(path.name + ".rejected.csv")
        self._kept = [number for number, name in enumerate(header) if name.strip()]
        self._header = [header[number] for number in self._kept]
        self._stream: TextIO | None = None
        self._locale = locale

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream:
            self._stream.close()

    @property
    def written(self) -> bool:
        """Whether there is such a file now."""
        return self._stream is not None

    def write(self, line: int, cells: list[str], wrong: Mapping[str, str]) -> None:
        """Add a row. Args: line: where it stands in the original file; wrong: our field names to what is wrong."""
        said = ((FIELDS.get(name, name), why) for name, why in wrong.items())
        reason = "; ".join(": ".join(self._said(part) for part in each if part) for each in said)
        if self._stream is None:
            self._stream = self.path.open("w", encoding="utf-8-sig", newline="")
            self._row([*self._header, LINE, REASON])
        row = [cells[number] if number < len(cells) else "" for number in self._kept]
        self._row([*row, str(line), reason])

    def _said(self, words: str) -> str:
        return translate(self._locale, words)

    def _row(self, cells: list[str]) -> None:
        assert self._stream is not None, "opened by write"
        csv.writer(self._stream, quoting=csv.QUOTE_ALL).writerow([inert(cell) for cell in cells])
