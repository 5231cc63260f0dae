"""What to type where nothing can be tapped: the command that does the same as a button or form."""

from __future__ import annotations

import re
from functools import cache

from bot import router

_TYPEABLE = re.compile(r"[A-Z]{1,3}-\d{1,12}( \S{1,20})?|")
_TWO_WORDS = {"claim.next": ("claim next", "领取 下一个")}
_CJK = re.compile(r"[\u3400-\u9fff]")


def is_chinese(text: str) -> bool:
    """Whether a label is in Chinese; cards do not say their language."""
    return bool(_CJK.search(text))


def typed(action: str, value: str, *, chinese: bool) -> str:
    """The line that does what this button does, such as `claim L-12`; empty when there is none worth typing."""
    if action == "command":
        return value
    word = word_for(action, chinese=chinese)
    return f"{word} {value}".strip() if word and _TYPEABLE.fullmatch(value) else ""


def word_for(action: str, *, chinese: bool) -> str:
    """The command behind an action: the one that calls the same function, else the one that its name ends with."""
    entry = None if action in _TWO_WORDS else _command(action)
    if entry is None:
        return _TWO_WORDS.get(action, ("", ""))[chinese]
    return next((word for word in entry.words if is_chinese(word) == chinese), entry.words[0])


def example_for(action: str, *, chinese: bool) -> str:
    """The example of the command behind an action; empty when there is none."""
    entry = _command(action)
    return "" if entry is None else entry.example_zh if chinese else entry.example


@cache
def _command(action: str) -> router.Command | None:
    known = router.actions().get(action)
    by_call = (entry for entry in router.commands() if known is not None and entry.call is known.call)
    by_name = (entry for entry in router.commands() if action.rpartition(".")[2] in entry.words)
    return next(by_call, None) or next(by_name, None)
