"""Ways for the WeCom double to misbehave. `acts` says whether it still does what it was asked."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One bad answer."""

    kind: str
    value: Any = None
    acts: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def errcode(code: int) -> Fault:
    """HTTP 200 with an error code."""
    return Fault("json", {"errcode": code, "errmsg": "scripted"})


def status(code: int, **headers: str) -> Fault:
    """An HTTP error; header names have _ for -."""
    return Fault("status", code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def hang(seconds: float = 30.0, *, acts: bool = True) -> Fault:
    """No answer for so long."""
    return Fault("hang", seconds, acts=acts)


def cut(*, acts: bool = True) -> Fault:
    """The connection breaks before the answer."""
    return Fault("cut", acts=acts)


def truncated(*, acts: bool = True) -> Fault:
    """Half of the JSON, in a complete HTTP answer."""
    return Fault("truncated", acts=acts)


def garbage(content: bytes, *, acts: bool = False) -> Fault:
    """HTTP 200 with something else."""
    return Fault("garbage", content, acts=acts)


def commit_fault(handler: Any, fault: Fault, answer: dict[str, Any] | None, closing: threading.Event) -> None:
    """Send the bad answer through a request handler that has `reply(status, content, headers)`."""
    if fault.kind == "hang":
        closing.wait(fault.value)
    if fault.kind in ("hang", "cut"):
        handler.close_connection = True
        return
    contents = {
        "json": json.dumps(fault.value).encode() if fault.kind == "json" else b"",
        "status": b"<html>bad</html>",
        "truncated": json.dumps(answer).encode()[:-9],
        "garbage": fault.value if fault.kind == "garbage" else b"",
    }
    handler.reply(fault.value if fault.kind == "status" else 200, contents[fault.kind], fault.headers)
