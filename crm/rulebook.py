"""The rule set in force, read once per version and kept compiled: a version never changes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import text

from crm.rules.ruleset import Rules, parse

if TYPE_CHECKING:
    from crm.uow import UnitOfWork

_COMPILED: dict[tuple[str, int, int], Rules] = {}
_KEPT = 256


def in_force(uow: UnitOfWork) -> Rules:
    """The compiled rules of this tenant; the built-in defaults while it has none."""
    if uow.rule_set_id is None:
        return default()
    place = ("rules", uow.org_id, uow.rule_set_id)
    if place not in uow.session.info:
        uow.session.info[place] = _compiled(uow, uow.rule_set_id)
    found: Rules = uow.session.info[place]
    return found


def _compiled(uow: UnitOfWork, rule_set_id: int) -> Rules:
    key = (str(uow.session.get_bind().engine.url), uow.org_id, rule_set_id)
    found = _COMPILED.get(key)
    if found is None:
        found = _COMPILED[key] = parse(_text(uow))
        while len(_COMPILED) > _KEPT:
            _COMPILED.pop(next(iter(_COMPILED)))
    return found


@lru_cache(maxsize=1)
def default() -> Rules:
    """The rules of an organization that has written none."""
    return parse("{}")


def _text(uow: UnitOfWork) -> str:
    found = text("select text from rule_set where org_id = :org and id = :id")
    return str(uow.session.execute(found, {"org": uow.org_id, "id": uow.rule_set_id}).scalar_one())
