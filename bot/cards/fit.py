"""Making text fit: by characters, by UTF-8 bytes, and free of characters that reorder, hide or break a line."""

import re
import unicodedata

ELLIPSIS = "…"
# Bidirectional controls and zero-width characters let a name pose as another one; U+200D stays, emoji need it.
_INVISIBLE = re.compile("[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Text without control, zero-width and direction characters; line breaks and tabs stay."""
    # Nothing of all this is printable, which is quickly seen; nearly every text ends here.
    return text if text.isprintable() else _CONTROL.sub("", _INVISIBLE.sub("", text))


def one_line(text: str) -> str:
    """Clean text on one line, runs of white space folded."""
    return " ".join(clean(text).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units (how chat clients count), ending in an ellipsis when something was cut."""
    if len(text) * 2 <= limit:
        return text
    raw = text.encode("utf-16-le", errors="surrogatepass")
    if len(raw) <= limit * 2:
        return text
    # Half an emoji at the end is ignored.
    kept = raw[: max(limit - len(ELLIPSIS), 0) * 2].decode("utf-16-le", errors="ignore")
    return _whole(kept) + ELLIPSIS


def cut_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, never splitting a character."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    kept = raw[: limit - len(ELLIPSIS.encode())].decode(errors="ignore")
    return _whole(kept) + ELLIPSIS


def units(text: str) -> int:
    """Length in UTF-16 units: an emoji counts two."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def _whole(text: str) -> str:
    """Drop a trailing joiner or combining mark whose base was cut off."""
    while text and (text[-1] == "\u200d" or unicodedata.combining(text[-1])):
        text = text[:-1]
    return text
