"""The rule set in force, read once per version and kept compiled: a version never changes."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.rules.ruleset import Rules, parse

_COMPILED: dict[tuple[str, int, int], Rules] = {}
_KEPT = 256
_TEXT = text("select text from rule_set where org_id = :org and id = :id")


def in_force(session: Session, org_id: int, rule_set_id: int | None) -> Rules:
    """The compiled rules of a tenant; the built-in defaults while it has none."""
    if rule_set_id is None:
        return default()
    key = (str(session.get_bind().engine.url), org_id, rule_set_id)
    found = _COMPILED.get(key)
    if found is None:
        written = session.execute(_TEXT, {"org": org_id, "id": rule_set_id}).scalar_one()
        found = _COMPILED[key] = parse(str(written))
        while len(_COMPILED) > _KEPT:
            _COMPILED.pop(next(iter(_COMPILED)))
    return found


@lru_cache(maxsize=1)
def default() -> Rules:
    """The rules of an organization that has written none."""
    return parse("{}")
