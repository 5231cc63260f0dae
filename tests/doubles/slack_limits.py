"""Slack's published limits on blocks and views, as strict as its pages; written apart from the renderer on purpose."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
MESSAGE_BLOCKS, VIEW_BLOCKS, MESSAGE_CHARS, VIEW_CHARS = 50, 100, 13_000, 250_000
ELEMENT_TYPES = {
    "button", "static_select", "overflow", "datepicker", "timepicker", "datetimepicker", "users_select",
    "plain_text_input", "number_input", "external_select",
}  # fmt: skip


def message_problems(blocks: Any, known_files: Iterable[str] = ()) -> list[str]:
    """What is wrong with the blocks of a message, in Slack's way of saying it."""
    if not isinstance(blocks, list):
        return ["[ERROR] must be an array [json-pointer:/blocks]"]
    found = list(_count(blocks, MESSAGE_BLOCKS, "/blocks"))
    return found + list(_blocks(blocks, "/blocks", frozenset(known_files), inputs=False))


def too_long(blocks: list[Any]) -> bool:
    """Whether the blocks are too long together, each counted as written."""
    return sum(units(json.dumps(block, ensure_ascii=False)) for block in blocks) > MESSAGE_CHARS


def view_problems(view: Json) -> list[str]:
    """What is wrong with a modal or home view."""
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or view.get("type") not in {"modal", "home"}:
        return ["[ERROR] invalid view [json-pointer:/view]"]
    modal = view["type"] == "modal"
    found = list(_count(blocks, VIEW_BLOCKS, "/view/blocks"))
    found += _blocks(blocks, "/view/blocks", frozenset(), inputs=modal)
    found += _between(view.get("private_metadata", ""), 0, 3000, "/view/private_metadata")
    found += _between(view.get("callback_id", ""), 0, 255, "/view/callback_id")
    if modal:
        found += _text(view.get("title"), 24, "/view/title", plain=True)
        has_inputs = any(block.get("type") == "input" for block in blocks)
        if "submit" in view or has_inputs:
            found += _text(view.get("submit"), 24, "/view/submit", plain=True)
    if units(json.dumps(view)) > VIEW_CHARS:
        found.append("view_too_large")
    return found


def units(text: str) -> int:
    """Length as JavaScript and Java count: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def _count(blocks: list[Any], most: int, at: str) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"[ERROR] must have 1 to {most} items [json-pointer:{at}]"


def _blocks(blocks: list[Any], at: str, files: frozenset[str], *, inputs: bool) -> Iterator[str]:
    names: Counter[str] = Counter(_action_ids(blocks))
    yield from (f"[ERROR] action_id {name} already exists [json-pointer:{at}]" for name, n in names.items() if n > 1)
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    yield from (f"[ERROR] block_id {name} already exists [json-pointer:{at}]" for name, n in ids.items() if n > 1)
    for index, block in enumerate(blocks):
        yield from _block(block, f"{at}/{index}", files, inputs=inputs)


def _action_ids(blocks: list[Any]) -> Iterator[str]:
    for block in blocks:
        elements = [*block.get("elements", ()), block.get("accessory", {})]
        yield from (element["action_id"] for element in elements if "action_id" in element)


def _block(block: Json, at: str, files: frozenset[str], *, inputs: bool) -> Iterator[str]:
    yield from _between(block.get("block_id", "x"), 1, 255, f"{at}/block_id")
    kind = block.get("type")
    rules = BLOCKS | ({"input": _input} if inputs else {})
    if kind == "image":
        yield from _image(block, at, files)
    elif kind in rules:
        yield from rules[kind](block, at)
    else:
        yield f"[ERROR] unsupported type: {kind} [json-pointer:{at}/type]"


def _header(block: Json, at: str) -> Iterator[str]:
    yield from _text(block.get("text"), 150, f"{at}/text", plain=True)


def _actions(block: Json, at: str) -> Iterator[str]:
    yield from _sized(block.get("elements"), 25, f"{at}/elements")
    for index, element in enumerate(block.get("elements", ())):
        yield from _element(element, f"{at}/elements/{index}")


def _image(block: Json, at: str, files: frozenset[str]) -> Iterator[str]:
    yield from _between(block.get("alt_text", ""), 1, 2000, f"{at}/alt_text")
    if block.get("slack_file", {}).get("id") not in files:
        yield f"[ERROR] invalid slack file [json-pointer:{at}/slack_file]"


def _section(block: Json, at: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"[ERROR] missing required field: text [json-pointer:{at}]"
    if "text" in block:
        yield from _text(block["text"], 3000, f"{at}/text")
    if "fields" in block:
        yield from _sized(block["fields"], 10, f"{at}/fields")
        for index, field in enumerate(block["fields"]):
            yield from _text(field, 2000, f"{at}/fields/{index}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _context(block: Json, at: str) -> Iterator[str]:
    yield from _sized(block.get("elements"), 10, f"{at}/elements")
    for index, element in enumerate(block.get("elements", ())):
        yield from _text(element, 2000, f"{at}/elements/{index}")


def _input(block: Json, at: str) -> Iterator[str]:
    yield from _text(block.get("label"), 2000, f"{at}/label", plain=True)
    if "hint" in block:
        yield from _text(block["hint"], 2000, f"{at}/hint", plain=True)
    yield from _element(block.get("element", {}), f"{at}/element")


def _element(element: Json, at: str) -> Iterator[str]:
    kind = element.get("type")
    if kind not in ELEMENT_TYPES:
        yield f"[ERROR] unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _between(element.get("action_id", "x"), 1, 255, f"{at}/action_id")
    if kind == "button":
        yield from _button(element, at)
    if kind == "overflow":
        yield from _options(element.get("options"), 5, f"{at}/options")
    if kind == "external_select" and not isinstance(element.get("min_query_length", 3), int):
        yield f"[ERROR] must be a number [json-pointer:{at}/min_query_length]"
    if kind == "static_select":
        yield from _select(element, at)
    if kind == "plain_text_input":
        yield from _between(element.get("initial_value", "x"), 1, 3000, f"{at}/initial_value")
    if kind == "number_input" and "is_decimal_allowed" not in element:
        yield f"[ERROR] missing required field: is_decimal_allowed [json-pointer:{at}]"


def _button(element: Json, at: str) -> Iterator[str]:
    yield from _text(element.get("text"), 75, f"{at}/text", plain=True)
    yield from _between(element.get("value", "x"), 1, 2000, f"{at}/value")
    yield from _between(element.get("url", "x"), 1, 3000, f"{at}/url")
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield f"[ERROR] unknown style [json-pointer:{at}/style]"
    if "confirm" in element:
        for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _text(element["confirm"].get(name), most, f"{at}/confirm/{name}", plain=True)


def _select(element: Json, at: str) -> Iterator[str]:
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, f"{at}/placeholder", plain=True)
    if "option_groups" in element:
        yield from _sized(element["option_groups"], 100, f"{at}/option_groups")
        for index, group in enumerate(element["option_groups"]):
            yield from _text(group.get("label"), 75, f"{at}/option_groups/{index}/label", plain=True)
            yield from _options(group.get("options"), 100, f"{at}/option_groups/{index}/options")
        return
    yield from _options(element.get("options"), 100, f"{at}/options")
    if "initial_option" in element and element["initial_option"] not in element.get("options", ()):
        yield f"[ERROR] initial_option is none of the options [json-pointer:{at}/initial_option]"


def _options(options: Any, most: int, at: str) -> Iterator[str]:
    yield from _sized(options, most, at)
    for index, option in enumerate(options or ()):
        yield from _text(option.get("text"), 75, f"{at}/{index}/text", plain=True)
        yield from _between(option.get("value", ""), 1, 150, f"{at}/{index}/value")


def _text(text: Any, most: int, at: str, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(text, Mapping) or text.get("type") not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        yield f"[ERROR] invalid text object [json-pointer:{at}]"
        return
    yield from _between(text.get("text", ""), 1, most, f"{at}/text")


def _sized(items: Any, most: int, at: str) -> Iterator[str]:
    if not isinstance(items, list) or not 1 <= len(items) <= most:
        yield f"[ERROR] must have 1 to {most} items [json-pointer:{at}]"


def _between(text: Any, least: int, most: int, at: str) -> Iterator[str]:
    if not isinstance(text, str) or not least <= units(text) <= most:
        yield f"[ERROR] must be {least} to {most} characters [json-pointer:{at}]"


BLOCKS: dict[str, Callable[[Json, str], Iterable[str]]] = {
    "header": _header,
    "divider": lambda _block, _at: (),
    "section": _section,
    "context": _context,
    "actions": _actions,
}
