"""Long lists as parameters of statements: written as psycopg writes them, in a fraction of the time.

psycopg asks a function for each element. Sweeps pass some thousand ids, and times and rule names that are nearly all
alike.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

# Equal values of these are written alike, which holds neither for 1 and True nor for decimals.
_ALIKE = ({datetime}, {date})
_WORDS = {str, type(None)}


class Lists(ListDumper):
    """Dumps numbers at once, and of words and times each different one once."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        """The list as PostgreSQL reads it."""
        kinds = set(map(type, obj))
        if kinds == {int}:
            return f"{{{','.join(map(str, obj))}}}".encode()
        if kinds <= _WORDS:
            return _words(obj) or super().dump(obj)
        if kinds - {type(None)} not in _ALIKE:
            return super().dump(obj)
        written = {one: bytes(super(Lists, self).dump([one]) or b"")[1:-1] for one in set(obj)}
        return b"{" + b",".join(map(written.__getitem__, obj)) + b"}"


def _words(obj: list[str | None]) -> bytes | None:
    """Words in quotes; None for what no text can hold, which psycopg knows how to refuse."""
    quoted = ["NULL" if one is None else f'"{one}"' for one in obj]
    joined = ",".join(quoted)
    if "\\" in joined or joined.count('"') != 2 * (len(obj) - obj.count(None)):
        # Such words are mostly structures that many rows share.
        written = {one: "NULL" if one is None else f'"{_escaped(one)}"' for one in set(obj)}
        joined = ",".join(map(written.__getitem__, obj))
    try:
        return None if "\0" in joined else f"{{{joined}}}".encode()
    except UnicodeEncodeError:
        return None


def _escaped(one: str) -> str:
    return one.replace("\\", "\\\\").replace('"', '\\"')
