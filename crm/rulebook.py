"""The rule set in force, read once per version and kept compiled: a version never changes."""

from __future__ import annotations

from functools import lru_cache
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from crm.rules.ruleset import Rules, parse

# By engine rather than by its address, which takes longer to spell than all the rest.
_COMPILED: WeakKeyDictionary[Engine, dict[tuple[int, int], Rules]] = WeakKeyDictionary()
_KEPT = 256
_TEXT = text("select text from rule_set where org_id = :org and id = :id")


def in_force(session: Session, org_id: int, rule_set_id: int | None) -> Rules:
    """The compiled rules of a tenant; the built-in defaults while it has none."""
    if rule_set_id is None:
        return default()
    compiled = _COMPILED.setdefault(session.get_bind().engine, {})
    found = compiled.get((org_id, rule_set_id))
    if found is None:
        written = session.execute(_TEXT, {"org": org_id, "id": rule_set_id}).scalar_one()
        found = compiled[org_id, rule_set_id] = parse(str(written))
        while len(compiled) > _KEPT:
            compiled.pop(next(iter(compiled)), None)
    return found


@lru_cache(maxsize=1)
def default() -> Rules:
    """The rules of an organization that has written none."""
    return parse("{}")
