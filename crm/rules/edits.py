"""One field of a rule set changed in its text, so that all else stays as it was written, comments included.

Where a text cannot be changed safely, it is refused rather than guessed: what came out is read again and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import yaml

from crm.errors import RuleSetInvalid
from crm.rules.ruleset import Rules
from crm.rules.values import wrong
from crm.rules.written import Document

Path = tuple[str, ...]


def edited(text: str, path: str, value: str) -> str:
    """The text with the field of that path, such as `claim.per_day` or `recycle.follow-up.no_follow_up`, set.

    Args:
        value: as in YAML, on one line.

    Raises: RuleSetInvalid, also for what stands in several lines and is only to be changed in the whole text; what says
        which value the field takes.
    """
    parts = _parts(path)
    if not all(parts):
        raise RuleSetInvalid(problem=f"{path!r} is no path such as claim.per_day")
    wanted = Document.read(f"value: {value}").data.get("value")
    text = _spelled_out(text, parts)
    document = Document.read(text)
    made, changed = _changed(text, document.root, parts, value), _with(document.data, parts, wanted)
    if refusal := wrong(changed, parts, value):
        raise refusal
    if not _is_as_wanted(made, changed):
        raise RuleSetInvalid(problem=f"{path} cannot be changed by itself here; paste the whole text instead")
    return made


def _parts(path: str) -> Path:
    """The names in a path; behind `members` stands one name, which may be an address with dots in it."""
    head, members, name = path.partition(".members.")
    parts = [part.strip() for part in head.split(".")]
    return (*parts, "members", name.strip()) if members else tuple(parts)


def fields(text: str) -> Iterator[tuple[str, str]]:
    """What is written, field by field: the path, and the value on one line."""
    yield from _fields(Document.read(text).data, ())


def _fields(value: Any, path: Path) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value and path[-1:] != ("when",):
        for name, inside in value.items():
            yield from _fields(inside, (*path, str(name)))
    elif isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        for item in value:
            rest = {name: inside for name, inside in item.items() if name != "name"}
            yield from _fields(rest, (*path, str(item["name"])))
    elif path:
        yield ".".join(path), dumped(value)


def dumped(value: Any) -> str:
    """A value on one line."""
    shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False)
    return str(shown).removesuffix("\n").removesuffix("\n...").strip()


def _spelled_out(text: str, parts: Path) -> str:
    """With the built-in rules written out, where one of them is to be changed and none are written."""
    written, section = Document.read(text).data, parts[0]
    if len(parts) == 1 or section in written or section not in Rules.model_fields:
        return text
    built_in = getattr(Rules(), section)
    if not isinstance(built_in, tuple) or not built_in:
        return text
    rules = [rule.model_dump(mode="json", exclude_defaults=True, by_alias=True) for rule in built_in]
    return _below(text) + yaml.safe_dump({section: rules}, allow_unicode=True, sort_keys=False)


def _below(text: str) -> str:
    return f"{text.rstrip()}\n" if text.strip() else ""


def _changed(text: str, node: yaml.Node | None, parts: Path, value: str) -> str:
    """Go down as far as the path is written; change what stands there, or add what does not."""
    for depth, part in enumerate(parts):
        if isinstance(node, yaml.SequenceNode):
            found = _item(node, part)
            if found is None:
                raise RuleSetInvalid(problem=f"there is no {part!r} in {'.'.join(parts[:depth])}")
        elif isinstance(node, yaml.MappingNode):
            found = next((inside for key, inside in node.value if key.value == part), None)
            if found is None:
                return _added(text, node, parts[depth:], value)
        elif node is None:
            return _below(text) + _block(parts, value)
        else:
            raise RuleSetInvalid(problem=f"{'.'.join(parts[:depth])} has no fields")
        node = found
    return _replaced(text, node, value)


def _item(node: yaml.SequenceNode, part: str) -> yaml.Node | None:
    """An item by its name, else by its place, counted from 1."""
    for item in node.value:
        pairs = item.value if isinstance(item, yaml.MappingNode) else ()
        if any(key.value == "name" and inside.value == part for key, inside in pairs):
            named: yaml.Node = item
            return named
    found: yaml.Node | None = None
    if part.isdecimal() and 0 < int(part) <= len(node.value):
        found = node.value[int(part) - 1]
    return found


def _replaced(text: str, node: yaml.Node | None, value: str) -> str:
    assert node is not None, "the path was walked to its end"
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        raise RuleSetInvalid(problem="this stands in several lines; paste the whole text instead")
    return f"{text[:start]}{' ' if start == end else ''}{value}{text[end:]}"


def _added(text: str, node: yaml.MappingNode, parts: Path, value: str) -> str:
    if node.flow_style:
        end = node.end_mark.index - 1
        return f"{text[:end]}{', ' if node.value else ''}{_flow(parts, value)}{text[end:]}"
    if node.start_mark.column == 0:
        return _below(text) + _block(parts, value)
    # Before the first field there is always room, whatever follows the last one.
    start, indent = node.start_mark.index, " " * node.start_mark.column
    return f"{text[:start]}{_flow(parts, value)}\n{indent}{text[start:]}"


def _flow(parts: Path, value: str) -> str:
    """`a: {b: value}`."""
    for part in reversed(parts[1:]):
        value = f"{{{part}: {value}}}"
    return f"{parts[0]}: {value}"


def _block(parts: Path, value: str) -> str:
    """The same over several lines."""
    lines = [f"{'  ' * depth}{part}:" for depth, part in enumerate(parts)]
    return "\n".join(lines) + f" {value}\n"


def _with(data: Any, parts: Sequence[str], value: Any) -> Any:
    """The data with that one field set."""
    made = deepcopy(data)
    place = made
    for part in parts[:-1]:
        place = _inside(place, part)
    if isinstance(place, dict):
        place[parts[-1]] = value
    return made


def _inside(place: Any, part: str) -> Any:
    if isinstance(place, list):
        named = next((item for item in place if isinstance(item, dict) and item.get("name") == part), None)
        return named if named is not None else place[int(part) - 1]
    return place.setdefault(part, {})


def _is_as_wanted(text: str, wanted: Any) -> bool:
    try:
        return bool(Document.read(text).data == wanted)
    except RuleSetInvalid:
        return False
