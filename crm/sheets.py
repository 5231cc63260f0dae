"""Tables out of files: CSV in UTF-8 (with or without mark), UTF-16 or GB18030, and spreadsheets. Every cell is text."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, XmlError, ZipError

from crm.rules.inert import lively

MOST_UNPACKED = 512 * 1024 * 1024
_BLOCK = 1 << 16
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class SheetError(Exception):
    """A file that cannot be read as a table; the text is one sentence for the person who gave it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its `header`, and its `rows` to be read once. `total` is about how many, for a progress bar."""

    header: list[str]
    rows: Iterator[list[str]]
    total: int


def read(stream: BinaryIO) -> Sheet:
    """The table in a seekable binary stream, which stays open until the rows are read. Raises SheetError."""
    begins = stream.read(4)
    stream.seek(0)
    rows, total = _spreadsheet(stream) if begins.startswith((_ZIP, _OLE)) else _separated(stream)
    filled = ([lively(cell) for cell in row] for row in rows if any(cell.strip() for cell in row))
    header = next(filled, None)
    if header is None:
        raise SheetError("The file is empty.")
    return Sheet(header, filled, max(total - 1, 0))


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
    """By its mark, else UTF-8 if the whole file is, else GB18030 if the whole file is. Raises SheetError."""
    begins = stream.read(3)
    for mark, name in _BOMS:
        if begins.startswith(mark):
            return name
    found = next((name for name in ("utf-8", "gb18030") if _fits(stream, name)), None)
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
