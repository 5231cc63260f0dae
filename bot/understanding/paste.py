"""Reads a pasted list of contacts: up to 50 lines, from a sheet with a header or free as somebody typed them."""

import csv
import re
from collections.abc import Iterator
from dataclasses import replace

from bot.understanding.contact import Contact, build, find_contact
from bot.understanding.contact_keys import take_keys
from bot.understanding.contact_words import contact_words
from bot.understanding.text import fold
from crm.rules.keys import DEFAULT_REGION

MOST_ROWS = 50
_DELIMITERS = ("\t", ";", ",", "|")
_NUMBERING = re.compile(r"\A\s*(?:[0-9]{1,3}\s*[.)、](?![0-9])|[-*•·])\s*")


def split_rows(text: str, *, region: str = DEFAULT_REGION) -> list[Contact]:
    """One contact per line that is not blank, in order; a header line in English or Chinese names the columns.

    A row with nothing usable carries its text in `rest` and the reason in `error`; so does every row after the 50th
    (`too_many`). Never raises.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    columns, delimiter = _header(lines[0]) if lines else ([], "")
    rows = lines[1:] if columns else lines
    read = [_read(line, columns, delimiter, region) for line in rows[:MOST_ROWS]]
    return read + [Contact(rest=line.strip(), error="too_many") for line in rows[MOST_ROWS:]]


def _header(line: str) -> tuple[list[str | None], str]:
    """The fields of a header line and its delimiter; nothing when the line is no header."""
    for delimiter in _DELIMITERS:
        cells = _cells(line, delimiter)
        fields = [contact_words().label_of(cell) for cell in cells]
        if len(cells) > 1 and sum(map(bool, fields)) >= max(2, len(cells) / 2):
            return fields, delimiter
    return [], ""


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([fold(line)], delimiter=delimiter, skipinitialspace=True))]
    except (csv.Error, StopIteration):
        return [cell.strip() for cell in fold(line).split(delimiter)]


def _read(line: str, columns: list[str | None], delimiter: str, region: str) -> Contact:
    cells = _cells(line, delimiter) if columns else []
    if len(cells) < 2:
        return find_contact(_NUMBERING.sub("", line), region=region)
    labelled = list(zip(columns, cells, strict=False))
    keys, unread = take_keys("\n".join(_key_cells(labelled)), region)
    leftover = [value for field, value in labelled if field in (None, "rest", "fax") and value] + cells[len(columns) :]
    bad = [part for part in re.split(r"[\x00\n]", unread) if re.search(r"[0-9@]", part)]
    named = {
        field: " ".join(value for other, value in labelled if other == field) or None
        for field in ("name", "company", "title")
    }
    contact = build(keys, **named, rest=" ".join(leftover + bad))
    return (
        replace(contact, error="bad_email" if "@" in bad[0] else "bad_phone")
        if bad and not contact.has_key
        else contact
    )


def _key_cells(labelled: list[tuple[str | None, str]]) -> Iterator[str]:
    for field, value in labelled:
        if value and field in ("phone", "email"):
            yield value
        elif value and field == "wechat":
            yield f"wechat: {value}"
