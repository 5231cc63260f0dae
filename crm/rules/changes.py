"""What differs between two rule sets, field by field, in the names that people write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from crm.rules.ruleset import Rules


class Change(NamedTuple):
    """One field: its path, and its value before and after, None where there is none; `whole`: a rule as a whole."""

    path: str
    before: Any
    after: Any
    whole: bool = False


def changes(old: Rules, new: Rules) -> list[Change]:
    """The fields that differ, in the order in which they are written; a rule that is new or gone is one of them."""
    before, after = dict(_leaves(_plain(old))), dict(_leaves(_plain(new)))
    paths = dict.fromkeys([*after, *before])
    differing = [Change(path, before.get(path), after.get(path)) for path in paths]
    found = [one for one in differing if one.before != one.after]
    return _whole(found, before, after) + _moved(old, new)


def _plain(rules: Rules) -> Any:
    return rules.model_dump(mode="json", by_alias=True)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field by its path; rules of a list by their names, other lists whole."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        value = {item["name"]: item for item in value}
    if isinstance(value, dict) and value and path.rpartition(".")[2] not in _CONDITIONS:
        for name, inside in value.items():
            yield from _leaves(inside, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _whole(found: list[Change], before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """A rule that is in one of both alone is told by its name, not by each of its fields."""
    told: dict[str, Change] = {}
    for one in found:
        rule = _rule_of(one.path)
        if rule and not any(path.startswith(f"{rule}.") for path in before):
            told.setdefault(rule, Change(rule, None, rule.partition(".")[2], whole=True))
        elif rule and not any(path.startswith(f"{rule}.") for path in after):
            told.setdefault(rule, Change(rule, rule.partition(".")[2], None, whole=True))
        elif one.before not in (None, [], {}) or one.after not in (None, [], {}):
            told[one.path] = one
    return list(told.values())


_CONDITIONS = ("when", "where")
_NAMED = ("recycle", "dispatch", "exempt", "contact", "first_response", "pools", "lines")


def _rule_of(path: str) -> str:
    """The beginning of a path that names a rule of a list; empty if it does not."""
    head, *rest = path.split(".")
    return f"{head}.{rest[0]}" if head in _NAMED and rest else ""


def _moved(old: Rules, new: Rules) -> list[Change]:
    """The order of rules counts: the first that fits deals."""
    found = []
    for section in ("recycle", "dispatch"):
        names = [[rule.name for rule in getattr(rules, section)] for rules in (old, new)]
        common = [[name for name in each if name in set(names[0]) & set(names[1])] for each in names]
        if common[0] != common[1]:
            found.append(Change(section, ", ".join(common[0]), ", ".join(common[1])))
    return found
