"""Tables out of files: CSV in UTF-8 (with or without mark), UTF-16 or GB18030, and spreadsheets. Every cell is text."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, XmlError, ZipError

from crm.rules.inert import lively

MOST_UNPACKED = 512 * 1024 * 1024
# What is longer than a cell may be is a row's own fault, and must not end the whole file.
csv.field_size_limit(16 * 1024 * 1024)
_BLOCK = 1 << 16
_MOST_TITLES = 3
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class SheetError(Exception):
    """A file that cannot be read as a table; the text is one sentence for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its `header`, and its filled rows with their numbers in the file, to be read once.

    `total` is about how many there are, for a progress bar.
    """

    header: list[str]
    numbered: Iterator[tuple[int, list[str]]]
    total: int

    @property
    def rows(self) -> Iterator[list[str]]:
        """The rows without their numbers."""
        return (cells for _, cells in self.numbered)


def read(stream: BinaryIO) -> Sheet:
    """The table in a seekable binary stream, which stays open until the rows are read. Raises SheetError."""
    begins = stream.read(4)
    stream.seek(0)
    rows, total = _spreadsheet(stream) if begins.startswith((_ZIP, _OLE)) else _separated(stream)
    filled = (
        (number, [lively(cell) for cell in row])
        for number, row in enumerate(rows, start=1)
        if any(cell and not cell.isspace() for cell in row)
    )
    begin = list(islice(filled, 1 + _MOST_TITLES))
    if not begin:
        raise SheetError("The file is empty.")
    titles = _titles([row for _, row in begin])
    return Sheet(begin[titles][1], chain(begin[titles + 1 :], filled), max(total - 1 - titles, 0))


def _titles(begin: list[list[str]]) -> int:
    """How many rows stand above the headings: a name of the sheet or a date, mostly in one cell over all columns."""
    filled = [sum(not cell.isspace() for cell in row if cell) for row in begin]
    alone = next((place for place, many in enumerate(filled) if many > 1), 0)
    return alone if filled[0] == 1 else 0


def _separated(stream: BinaryIO) -> tuple[Iterator[list[str]], int]:
    encoding = _encoding(stream)
    stream.seek(0)
    total = sum(block.count(b"\n") for block in _blocks(stream)) + 1
    stream.seek(0)
    return _parsed(io.TextIOWrapper(stream, encoding, newline="")), total


def _parsed(text: io.TextIOWrapper) -> Iterator[list[str]]:
    delimiter = _delimiter(text.readline())
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as exc:
        raise SheetError(f"Line {reader.line_num} cannot be read: {exc}.") from None
    finally:
        if not text.buffer.closed:
            text.detach()  # the stream is its opener's to close


def _encoding(stream: BinaryIO) -> str:
    """By its mark, else UTF-8, else GB18030, if the whole file is that. Raises SheetError."""
    begins = stream.read(3)
    marked = [name for mark, name in _BOMS if begins.startswith(mark)]
    found = next((name for name in marked or ("utf-8", "gb18030") if _fits(stream, name)), None)
    if found is None:
        raise SheetError("The file is neither UTF-8 nor GB18030 text. Save it as CSV UTF-8.")
    return found


def _fits(stream: BinaryIO, encoding: str) -> bool:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(stream):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _delimiter(header: str) -> str:
    """What separates the header: its most frequent separator, a comma when there is none."""
    return max(",;\t|", key=header.count)


def _spreadsheet(stream: BinaryIO) -> tuple[Iterator[list[str]], int]:
    try:
        _check_unpacked(stream)
        sheet = CalamineWorkbook.from_filelike(stream).get_sheet_by_index(0)
    except PasswordError:
        raise SheetError("The spreadsheet has a password. Save it without one.") from None
    except (CalamineError, XmlError, ZipError, zipfile.BadZipFile, OSError, ValueError, IndexError) as exc:
        raise SheetError("The spreadsheet is damaged. Save it again, or as CSV UTF-8.") from exc
    return ([_plain(cell) for cell in row] for row in sheet.iter_rows()), sheet.total_height


def _check_unpacked(stream: BinaryIO) -> None:
    """A small file may unpack to more than the machine has."""
    if stream.read(4) == _ZIP:
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise SheetError("The spreadsheet is too large. Save it as CSV UTF-8.")
    stream.seek(0)


def _plain(cell: object) -> str:
    """A cell as text. Spreadsheets keep numbers as floating point, phones too."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date | datetime):
        return cell.isoformat()
    return str(cell)
