"""From a raw body to named values: JSON objects, HTML forms. What cannot be read is a 400, whatever it is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from webhooks.intake.post import Post, TurnedAway

MOST_FIELDS = 500


def read(post: Post) -> Mapping[str, Any]:
    """The body's values by name: text, truth values, None, and lists and objects of these; numbers are text.

    Raises: TurnedAway with 400; 415 for a media type that nothing here reads.
    """
    reader = reader_of(post)
    try:
        return reader(post)
    except (ValueError, FormParserError, RecursionError) as exc:
        raise TurnedAway(400, "The body cannot be read: " + _why(exc)) from None


def check_kind(post: Post, more: Sequence[str] = ()) -> None:
    """Raises TurnedAway with 415 for a media type that is neither one of `more` nor read here."""
    if not is_read(post, more):
        reader_of(post)


def is_read(post: Post, more: Sequence[str] = ()) -> bool:
    """Whether it is of a media type that is one of `more` or read here."""
    return post.kind in more or post.kind in _READERS or post.kind.endswith("+json")


def reader_of(post: Post) -> Callable[[Post], Mapping[str, Any]]:
    """What reads this media type. Raises TurnedAway with 415."""
    found = _READERS.get(post.kind)
    if found is None and post.kind.endswith("+json"):
        return _json
    if found is None:
        raise TurnedAway(415, "Send application/json or a form.", Accept_Post=", ".join(_READERS))
    return found


def _json(post: Post) -> Mapping[str, Any]:
    # Numbers stay as written: no rounding of amounts, no phone with an exponent, no number too long to convert.
    value = json.loads(post.body.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=_no_constant)
    if not isinstance(value, dict):
        raise TurnedAway(400, "The body must be a JSON object.")
    return value


def _urlencoded(post: Post) -> Mapping[str, Any]:
    pairs = parse_qsl(post.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    return _together(pairs)


def _multipart(post: Post) -> Mapping[str, Any]:
    pairs: list[tuple[str, str]] = []
    headers = {"Content-Type": post.headers["content-type"].encode("latin-1")}
    parse_form(
        headers,
        io.BytesIO(post.body),
        lambda part: pairs.append(((part.field_name or b"").decode(), (part.value or b"").decode())),
        lambda _file: None,
    )
    if len(pairs) > MOST_FIELDS:
        raise ValueError("too many fields")
    return _together(pairs)


def _together(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """A name that comes several times (check boxes) holds a list."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _why(exc: Exception) -> str:
    """What is wrong, without repeating what was sent."""
    if isinstance(exc, UnicodeDecodeError):
        return "it is not UTF-8."
    if isinstance(exc, json.JSONDecodeError):
        return f"{exc.msg} at character {exc.pos}."
    return "it nests too deeply." if isinstance(exc, RecursionError) else "it is not well formed."


_READERS: dict[str, Callable[[Post], Mapping[str, Any]]] = {
    "application/json": _json,
    "application/x-www-form-urlencoded": _urlencoded,
    "multipart/form-data": _multipart,
}
