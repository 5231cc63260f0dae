"""A neutral form as a modal view, and the answers of a submitted one as neutral fields.

Date and time together are asked by two pickers, because Slack's own date-time picker answers an instant where a form
means the member's wall clock. What must come back unseen travels in the view's private metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from typing import Any

from bot.cards import fit
from bot.cards.model import Form, Input, Option
from bot.platforms.base import Rejected
from bot.platforms.slack_controls import LABEL, NO_VALUE, OPTION_VALUE, OPTIONS, option_object
from bot.platforms.slack_text import label, plain

Json = dict[str, Any]
ANSWER, TIME = "v", ":time"
SEARCHES = {"lead": "v.lead", "member": "v.member"}
# More of them would be more than a view may weigh; who has so many lets people search.
CHOICES = 400
TITLE, INPUT_LABEL, METADATA, INITIAL, BLOCKS = 24, 2000, 3000, 3000, 100


def view(form: Form, *, back: Mapping[str, Any] | None = None, given: Mapping[str, str] | None = None) -> Json:
    """A modal.

    Args:
        back: where the form was opened; handed to `read_metadata` on submit, unless it is too long.
        given: what is answered so far, which decides what else is asked; Slack keeps answers by their fields' names.

    Raises: Rejected when the form's own hidden values are too long to travel.
    """
    answers = {item.name: item.value for item in form.inputs} | dict(given or {})
    deciding = {item.only_if.partition("=")[0] for item in form.inputs if item.only_if}
    filled = [replace(item, value=answers[item.name]) for item in form.inputs]
    asked = [block for item in filled if _is_asked(item, answers) for block in _inputs(item)]
    for block in asked:
        if block["block_id"] in deciding:
            block["dispatch_action"] = True
    return {
        "type": "modal",
        "callback_id": form.action,
        "title": label(form.title, TITLE),
        "submit": label(form.submit, TITLE),
        "private_metadata": _metadata(form, back or {}),
        "blocks": asked[:BLOCKS] or [{"type": "section", "text": plain(form.title, INPUT_LABEL)}],
    }


def search_of(action_id: str) -> str:
    """What a search field looks for: lead or member."""
    return next((kind for kind, name in SEARCHES.items() if name == action_id), "")


def read_metadata(metadata: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The form's value, its hidden fields, and where it was opened. Raises ValueError on anything that is not ours."""
    data = json.loads(metadata or "{}")
    if not isinstance(data, dict):
        raise ValueError("metadata is not an object")
    value, hidden, back = data.get("value", ""), data.get("hidden", {}), data.get("back", {})
    if not (isinstance(value, str) and isinstance(hidden, dict) and isinstance(back, dict)):
        raise ValueError("metadata has another shape")
    return value, {str(name): str(text) for name, text in hidden.items()}, back


def read_fields(state: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, str]:
    """The answers by field name; what was left empty is an empty text."""
    answers = {block: _answer(next(iter(elements.values()), {})) for block, elements in state.items()}
    times = {name: answers.pop(name) for name in list(answers) if name.endswith(TIME)}
    for name, clock in times.items():
        day = answers.get(name.removesuffix(TIME), "")
        answers[name.removesuffix(TIME)] = f"{day} {clock}".strip()
    return answers


def _is_asked(item: Input, answers: Mapping[str, str]) -> bool:
    name, _, wanted = item.only_if.partition("=")
    return item.kind != "hidden" and (not name or answers.get(name) in wanted.split("|"))


def _answer(element: Mapping[str, Any]) -> str:
    option = element.get("selected_option") or {}
    keys = ("value", "selected_date", "selected_time", "selected_user")
    found = next((element[key] for key in keys if element.get(key)), None) or option.get("value") or ""
    return "" if option and found == NO_VALUE else fit.clean(str(found))


def _metadata(form: Form, back: Mapping[str, Any]) -> str:
    kept: Json = {"value": form.value}
    if hidden := {item.name: item.value for item in form.inputs if item.kind == "hidden"}:
        kept["hidden"] = hidden
    for data in (kept | ({"back": dict(back)} if back else {}), kept):
        if len(packed := json.dumps(data, separators=(",", ":"))) <= METADATA:
            return packed
    raise Rejected("form_metadata_too_long")


def _inputs(item: Input) -> list[Json]:
    if item.kind != "datetime":
        return [_input(item, item.name, item.label, _element(item))]
    day, _, clock = item.value.replace("T", " ").partition(" ")
    return [
        _input(item, item.name, item.label, _picker("datepicker", "initial_date", _valid(date, day))),
        _input(item, item.name + TIME, f"{item.label} 🕒", _picker("timepicker", "initial_time", _minute(clock))),
    ]


def _input(item: Input, name: str, title: str, element: Json) -> Json:
    block: Json = {
        "type": "input",
        "block_id": name,
        "label": label(title, INPUT_LABEL),
        "element": {"action_id": ANSWER} | element,
        "optional": item.optional,
    }
    return block | ({"hint": plain(item.hint, INPUT_LABEL)} if item.hint else {})


def _element(item: Input) -> Json:
    match item.kind:
        case "number":
            return {"type": "number_input", "is_decimal_allowed": True} | _initial("initial_value", _number(item.value))
        case "date":
            return _picker("datepicker", "initial_date", _valid(date, item.value))
        case "time":
            return _picker("timepicker", "initial_time", _minute(item.value))
        case "select" | "member" if item.options:
            return _select(item)
        case "member" | "lead":
            return _search(item)
        case _:
            written = _initial("initial_value", fit.cut(fit.clean(item.value), INITIAL))
            return {"type": "plain_text_input", "multiline": item.kind == "multiline"} | written


def _search(item: Input) -> Json:
    """A field whose choices we look for while the person types; without a letter it shows the likeliest."""
    chosen = option_object(Option(item.value, item.value), item.value) if item.value else None
    shown: Json = {"type": "external_select", "action_id": SEARCHES[item.kind], "min_query_length": 0}
    return shown | ({"initial_option": chosen} if chosen else {})


def _select(item: Input) -> Json:
    able = [option for option in item.options if fit.units(option.value) <= OPTION_VALUE][:CHOICES]
    options = [option_object(option, option.value) for option in able]
    chosen = next((option for option in options if item.value and option["value"] == item.value), None)
    initial = {"initial_option": chosen} if chosen else {}
    if len(options) <= OPTIONS:
        return {"type": "static_select", "options": options} | initial
    groups = [options[start : start + OPTIONS] for start in range(0, len(options), OPTIONS)][:OPTIONS]
    return {"type": "static_select", "option_groups": [_group(group) for group in groups]} | initial


def _group(options: Sequence[Json]) -> Json:
    first, last = (fit.cut(option["text"]["text"], LABEL // 2 - 2) for option in (options[0], options[-1]))
    return {"label": label(f"{first} – {last}", LABEL), "options": options}


def _picker(kind: str, key: str, value: str) -> Json:
    return {"type": kind} | _initial(key, value)


def _initial(key: str, value: str) -> Json:
    return {key: value} if value else {}


def _valid(kind: type[date | time], text: str) -> str:
    try:
        return kind.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _minute(text: str) -> str:
    return _valid(time, text)[:5]


def _number(text: str) -> str:
    try:
        float(text)
    except ValueError:
        return ""
    return text.strip()
