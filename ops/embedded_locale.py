"""Finds a character type under which PostgreSQL sees Chinese letters as letters."""

import ctypes
import locale
import sys

from ops.errors import StartError

# pg_trgm drops what the C library does not call a letter. Under "C", and under PostgreSQL's builtin C.UTF-8, that is
# all Chinese, so the name is explicit and never comes from the environment (LC_ALL=C is common in containers).
_NAMES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8", "en_GB.UTF-8", "POSIX.UTF-8")
_MAC_NAMES = ("en_US.UTF-8", "zh_CN.UTF-8")


def chinese_ctype() -> str:
    """The name of a UTF-8 locale of the C library that knows Chinese letters; StartError when there is none."""
    for name in _MAC_NAMES if sys.platform == "darwin" else _NAMES:
        if _knows_chinese(name):
            return name
    raise StartError(
        "This machine has no UTF-8 locale, so Chinese names could not be searched; "
        "install one (Debian: apt-get install locales && locale-gen en_US.UTF-8)."
    )


def _knows_chinese(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
        return bool(ctypes.CDLL(None).iswalpha(ord("张")))
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
