"""What a WeCom button carries: `action|wire`, where wire is the neutral value and version (`cards.wire`).

A button beside a choice has the wire `=`: the value is the option that was chosen, with what follows the sign. A form's
button adds its hidden inputs, `action|wire|name=value`. Literal signs in values are percent-encoded, so ordinary keys
stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode

from bot.cards import wire
from bot.cards.model import Form

KEY_BYTES, OPTION_BYTES = 1024, 128
CHOSEN = "="
CHOICE = "choice"
"""Name of the question of a choice that stands beside buttons."""
CORNER = "corner"
"""In a handle: the tap came from the corner of the card, which cannot be changed in the answer itself."""
NONE = "-"
"""Option of an input that may stay empty."""


@dataclass(frozen=True, slots=True)
class Tap:
    """What a tapped key says."""

    action: str
    value: str = ""
    version: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def of_button(action: str, value: str, version: int | None) -> str:
    """The key of a button that carries its own value."""
    packed = _escape(wire.pack(value, version))
    return f"{action}|{'%3D' + packed[1:] if packed.startswith(CHOSEN) else packed}"


def of_choice(action: str, suffix: str = "") -> str:
    """The key of a button whose value is the option chosen beside it, with `suffix` behind."""
    return f"{action}|{CHOSEN}{_escape(suffix)}"


def of_form(form: Form) -> str:
    """The key of a form's submit button; hidden inputs travel in it."""
    hidden = {each.name: each.value for each in form.inputs if each.kind == "hidden"}
    return "|".join([form.action, _escape(form.value), *([urlencode(hidden)] if hidden else [])])


def read(key: str, selected: Mapping[str, str]) -> Tap:
    """The reverse. Args: selected: the chosen option id of each question."""
    action, _, rest = key.partition("|")
    packed, _, hidden = rest.partition("|")
    beside = packed.startswith(CHOSEN)
    value, version = wire.unpack(selected.get(CHOICE, "") if beside else unquote(packed))
    value += unquote(packed.removeprefix(CHOSEN)) if beside else ""
    answers = {name: "" if chosen == NONE else chosen for name, chosen in selected.items() if name != CHOICE}
    return Tap(action, value, version, {**dict(parse_qsl(hidden, keep_blank_values=True)), **answers})


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("|", "%7C")
