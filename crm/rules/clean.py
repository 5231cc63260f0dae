"""Text from outside made fit to keep: no control, direction or half characters, which databases and chats choke on."""

from __future__ import annotations

import re

UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # without width, or turning the direction
    "\ud800-\udfff\ufff9-\uffff]"  # halves of pairs, and no characters at all
)
_BLANK = re.compile(r"\s+")
_BLANK_IN_LINE = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
LINE, TEXT = 200, 4000


def line(value: str, most: int = LINE) -> str:
    """One line of at most `most` characters; every run of white space is one blank."""
    if not value:
        return ""
    if _is_plain(value):
        return " ".join(value[: most * 8].split())[:most]
    return _BLANK.sub(" ", UNFIT.sub("", value[: most * 8])).strip()[:most]


def text(value: str, most: int = TEXT) -> str:
    """Several lines, at most `most` characters; line breaks stay, empty lines go."""
    if _is_plain(value):
        return " ".join(value[: most * 8].split())[:most]
    plain = UNFIT.sub("", value[: most * 8].replace("\r", "\n"))
    return _BREAKS.sub("\n", _BLANK_IN_LINE.sub(" ", plain)).strip()[:most]


def _is_plain(value: str) -> bool:
    """Nothing to take out and no white space but blanks: so is nearly every cell of a file."""
    return value.isprintable() and "\ufffc" not in value and "\ufffd" not in value  # printable, but no characters
