"""A customer as all that belongs to one human being: the records that were merged, their leads, keys and names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from crm.uow import UnitOfWork

# Merged records point at the one that stands for them, perhaps over several steps.
_CLUSTER = text(
    """
    with recursive up as (
        select id, merged_into from person where org_id = :org and id = :person
        union all
        select p.id, p.merged_into from person p join up on p.id = up.merged_into where p.org_id = :org
    ), down as (
        select id from up where merged_into is null
        union all
        select p.id from person p join down on p.merged_into = down.id where p.org_id = :org
    )
    select id from down
    """
)
_LEADS = text("select id from lead where org_id = :org and person_id = any(:persons) order by id")
_KEYS = text("select kind, value from person_key where org_id = :org and person_id = any(:persons) order by id")
_NAMES = text(
    """
    select name from person where org_id = :org and id = any(:persons) and length(name) > 1
    union
    select company from person p where org_id = :org and id = any(:persons) and length(company) > 1 and not exists (
        select from person o where o.org_id = p.org_id and o.company = p.company and not o.id = any(:persons))
    """
)
_WORDS = text(
    """
    select words from activity where org_id = :org and lead_id = any(:leads) and words is not null
    union select words from task where org_id = :org and lead_id = any(:leads) and words is not null
    union select words from question where org_id = :org and lead_id = any(:leads) and words is not null
    limit 2000
    """
)
_REFS = text("select number from lead where org_id = :org and id = any(:leads)")
LEAST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Whole:
    """All records of one human being."""

    persons: tuple[int, ...]
    leads: tuple[int, ...]
    keys: tuple[tuple[str, str], ...]

    def args(self, uow: UnitOfWork) -> dict[str, Any]:
        """What statements about a customer's rows are given."""
        return {
            "org": uow.org_id, "now": uow.now, "persons": list(self.persons), "leads": list(self.leads),
            "externals": [value for kind, value in self.keys if kind == "external"],
            "phones": [value for kind, value in self.keys if kind == "phone"],
        }  # fmt: skip


def whole(uow: UnitOfWork, person_id: int) -> Whole:
    """The human being behind a record."""
    persons = sorted(uow.session.scalars(_CLUSTER, {"org": uow.org_id, "person": person_id}))
    args = {"org": uow.org_id, "persons": persons}
    leads = uow.session.scalars(_LEADS, args).all()
    keys = uow.session.execute(_KEYS, args).all()
    return Whole(tuple(persons), tuple(leads), tuple((row.kind, row.value) for row in keys))


def marks(uow: UnitOfWork, who: Whole) -> list[str]:
    """What betrays the customer in a text: names, keys and what was written, as patterns of `like` in lower case."""
    args = {"org": uow.org_id, "persons": list(who.persons), "leads": list(who.leads)}
    found = [*uow.session.scalars(_NAMES, args), *_spellings(who)]
    for words in uow.session.scalars(_WORDS, args):
        found += [line.strip() for line in words.splitlines() if len(line.strip()) >= LEAST_WORDS]
    return sorted({f"%{_like(each)}%" for each in found})


def refs(uow: UnitOfWork, who: Whole) -> str:
    """A pattern that finds the references of the customer's leads as people type them."""
    numbers = uow.session.scalars(_REFS, {"org": uow.org_id, "leads": list(who.leads)}).all()
    return rf"(l\s?-|#)\s?({'|'.join(map(str, numbers)) or 'none'})(?!\d)"


def keys_pattern(who: Whole) -> str | None:
    """A pattern that finds the keys in running text, phones also with spaces between their digits."""
    parts = [
        r"[\s-]*".join(map(re.escape, value)) if value.lstrip("+").isdigit() else re.escape(value)
        for value in _spellings(who) if len(value) > 4
    ]  # fmt: skip
    return "|".join(parts) or None


def _spellings(who: Whole) -> Iterator[str]:
    for kind, value in who.keys:
        yield value
        if kind == "phone" and value.startswith("+86"):
            yield value.removeprefix("+86")
        elif kind == "external":
            yield value.partition(":")[2] or value


def _like(words: str) -> str:
    """As it stands in JSON, without the wildcards of `like`."""
    written = json.dumps(words.lower(), ensure_ascii=False)[1:-1]
    return re.sub(r"([\\%_])", r"\\\1", written)
