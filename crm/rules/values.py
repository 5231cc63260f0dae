"""A value that one field of the rule set cannot have: which field, what was given, and what it takes instead."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crm.errors import Refusal, RuleChoiceWrong, RuleValueTooLarge, RuleValueTooSmall, RuleValueWrong
from crm.rules.ruleset import Rules

# By the kind of mistake: what the field takes, and an example of it.
_TAKES = {
    "int_parsing": ("whole", "20"), "int_type": ("whole", "20"), "int_from_float": ("whole", "20"),
    "decimal_parsing": ("number", "1.5"), "decimal_type": ("number", "1.5"), "float_parsing": ("number", "1.5"),
    "float_type": ("number", "1.5"), "greater_than": ("positive", "1.5"), "dataclass_type": ("period", "3d"),
    "bool_parsing": ("yes_no", "true"),
    "bool_type": ("yes_no", "true"), "tuple_type": ("list", "[a, b]"), "list_type": ("list", "[a, b]"),
    "string_type": ("words", "north"), "dict_type": ("fields", ""), "model_type": ("fields", ""),
    "model_attributes_type": ("fields", ""),
}  # fmt: skip
_BOUNDS = {"ge": RuleValueTooSmall, "le": RuleValueTooLarge}
_A_PERIOD = "write a period"
_QUOTED = re.compile(r"'([^']*)'")


def wrong(data: Any, path: tuple[str, ...], given: str) -> Refusal | None:
    """What to say about a rule set in which the field of that path has just been given that value.

    None where nothing is wrong, or where it is no matter of this one value.
    """
    try:
        Rules.model_validate(data)
    except ValidationError as exc:
        mine = (one for one in exc.errors() if path[-1] in map(str, one["loc"]))
        error = next(mine, None)
        return _refusal(error, ".".join(path), given) if error else None
    return None


def _refusal(error: ErrorDetails, field: str, given: str) -> Refusal | None:
    kind, more = error["type"], error.get("ctx", {})

    def example(value: object) -> str:
        return f"rules set {field} {value}" if value != "" else "rules show"

    if kind == "literal_error":
        names = _QUOTED.findall(more["expected"])
        return RuleChoiceWrong(field=field, given=given, names=", ".join(names), example=example(names[0]))
    if kind == "value_error" and _A_PERIOD in error["msg"]:
        return RuleValueWrong(field=field, given=given, takes="period", example=example("3d"))
    if kind in _TAKES:
        takes, value = _TAKES[kind]
        return RuleValueWrong(field=field, given=given, takes=takes, example=example(value))
    bounds = (refusal(field=field, given=given, limit=more[name], example=example(more[name]))
              for name, refusal in _BOUNDS.items() if name in more)  # fmt: skip
    return next(bounds, None)
