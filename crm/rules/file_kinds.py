"""What a file is by its first bytes: what a device says about it is not to be trusted."""

from __future__ import annotations

import re
from typing import Literal

LARGEST = 10 * 1024 * 1024
MEGABYTES = LARGEST // 1024 // 1024

Family = Literal["picture", "recording", "paper"]
_STARTS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), mime)
    for pattern, mime in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"....ftyp(?:heic|heix|mif1|msf1)", "image/heic"),
        (rb"#!AMR", "audio/amr"),
        (rb"#!SILK|\x02#!SILK", "audio/silk"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"OggS", "audio/ogg"),
        (rb"fLaC", "audio/flac"),
        (rb"ID3|\xff[\xfb\xf3\xf2\xfa]", "audio/mpeg"),
        (rb"\xff[\xf1\xf9]", "audio/aac"),
        (rb"....ftyp(?:M4A|mp4|isom|iso2|3gp|qt)", "audio/mp4"),
        (rb"\x1aE\xdf\xa3", "audio/webm"),
        (rb"%PDF-", "application/pdf"),
    )
)


_SUFFIXES = frozenset({
    "png", "jpg", "jpeg", "gif", "webp", "heic", "heif", "amr", "silk", "wav", "ogg", "oga", "opus", "flac", "mp3",
    "aac", "m4a", "mp4", "3gp", "mov", "qt", "webm", "weba", "pdf",
})  # fmt: skip


def may_be(name: str, mime: str) -> bool:
    """Whether a file that is called so by its sender's device could be one to keep; nameless ones could."""
    kind, suffix = mime.partition(";")[0].strip().lower(), name.rpartition(".")[2].lower() if "." in name else ""
    told = kind.startswith(("image/", "audio/")) or kind == "application/pdf" or suffix in _SUFFIXES
    return told or (not suffix and kind in ("", "application/octet-stream"))


def mime_of(content: bytes) -> str | None:
    """The kind of a picture, recording or paper that may be kept; None for anything else."""
    return next((mime for start, mime in _STARTS if start.match(content[:16])), None)


def family(mime: str) -> Family:
    """What people call it."""
    kind = mime.partition("/")[0]
    return "picture" if kind == "image" else "recording" if kind == "audio" else "paper"
