"""The rule set's JSON schema, for editors that complete and check while somebody writes."""

from __future__ import annotations

from typing import Any

from crm.rules.ruleset import Rules

_ABOUT = "A rule set of Sluice: who may claim how much, who is dealt which lead, when a neglected one goes back."


def schema() -> dict[str, Any]:
    """As JSON Schema 2020-12. What only the whole text shows (a name used twice) is left to `sluice rules check`."""
    made = Rules.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_without_docstrings(made), "title": "Sluice rules", "description": _ABOUT,
    }  # fmt: skip


def _without_docstrings(node: Any) -> Any:
    """Without the parts about attributes, which are for those who read the code."""
    if isinstance(node, list):
        return [_without_docstrings(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: _told(name, value) for name, value in node.items()}


def _told(name: str, value: Any) -> Any:
    return value.partition("\n")[0] if name == "description" and isinstance(value, str) else _without_docstrings(value)
