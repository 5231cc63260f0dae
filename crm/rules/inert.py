"""Text that a spreadsheet will not run: a cell that begins like a formula gets an apostrophe in front."""

from __future__ import annotations

import re

# The full-width forms count too: Chinese and Japanese spreadsheets read them as the plain ones.
# Before them may stand what nobody sees.
_UNSEEN = r"[\s\x00\ufeff\u200b-\u200f\u2060]*"
_BEGINS = re.compile(rf"{_UNSEEN}[=+\-@\t\r\n\x00＝＋－＠]")
_GUARDED = re.compile(rf"'(?={_UNSEEN}[=+\-@\t\r\n\x00＝＋－＠])")


def inert(cell: str) -> str:
    """The cell as text that stays text."""
    plain = cell.replace("\x00", "")
    return f"'{plain}" if _BEGINS.match(cell) else plain


def lively(cell: str) -> str:
    """The cell as it was before `inert`, so that a file that was written can be read again."""
    return _GUARDED.sub("", cell, count=1) if cell.startswith("'") else cell
