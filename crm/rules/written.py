"""A rule set as somebody wrote it: YAML with the lines of its fields, so that mistakes can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from crm.errors import RuleSetInvalid

LONGEST, DEEPEST = 200_000, 60


@dataclass(frozen=True, slots=True)
class Document:
    """The text's plain data, and its tree of nodes with their places."""

    data: Any
    root: yaml.Node | None

    @classmethod
    def read(cls, text: str) -> Document:
        """Raises RuleSetInvalid for what is no YAML, repeats a field, uses aliases, or is beyond all measure."""
        if len(text) > LONGEST:
            raise RuleSetInvalid(problem=f"more than {LONGEST} characters")
        try:
            _refuse_traps(text)
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            _refuse_repeats(root)
            data = loader.construct_document(root) if root else None
        except (yaml.YAMLError, ValueError) as exc:
            raise RuleSetInvalid(problem=_in_words(exc)) from None
        return cls({} if data is None else data, root)

    def point_out(self, path: Sequence[str | int], message: str) -> str:
        """`line 4, recycle.0.to: …`; parts of the path that stand in no line are left out."""
        node, line, names = self.root, 1, []
        for part in path:
            found = _child(node, part)
            if found is not None:
                key, node = found
                line = key.start_mark.line + 1
            if found is not None or _is_missing(part, message):
                names.append(str(part))
        field = ".".join(names)
        return f"line {line}{', ' + field if field else ''}: {message.removeprefix('Value error, ')}"


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Where that field or item is written, and its content."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if str(key.value) == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _is_missing(part: str | int, message: str) -> bool:
    return message == "is missing" and isinstance(part, str)


def _refuse_traps(text: str) -> None:
    """An alias of an alias of an alias grows a few lines into gigabytes, and depth costs more than length."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise RuleSetInvalid(problem=f"aliases are not possible here, such as *{event.anchor}")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise RuleSetInvalid(problem=f"nested more than {DEEPEST} deep")


def _refuse_repeats(node: yaml.Node | None) -> None:
    """YAML would let the last of two equal fields win without a word."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise RuleSetInvalid(problem=f"line {key.start_mark.line + 1}: the name of a field is a word")
            if key.value in seen:
                raise RuleSetInvalid(problem=f"line {key.start_mark.line + 1}, {key.value}: written twice")
            seen.add(str(key.value))
            _refuse_repeats(value)
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeats(item)


def _in_words(exc: Exception) -> str:
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark:
        return f"line {exc.problem_mark.line + 1}: {exc.problem}"
    return f"no readable YAML: {str(exc).splitlines()[0]}"
