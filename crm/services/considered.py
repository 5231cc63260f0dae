"""Who was considered for a lead and what kept each from it: a word per member here, members by word as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By member, the reason code; None for who could have had the lead.
Considered = Mapping[int, str | None]

# The same in SQL, of what `stored` gave and of the lists of `{"member", "why"}` that were stored before.
EACH = """
    select cast(one->>'member' as bigint) as member_id, one->>'why' as why
    from jsonb_array_elements(case when jsonb_typeof({stored}) = 'array' then {stored} else '[]' end) one
    union all
    select cast(member as bigint), nullif(kept.why, '')
    from jsonb_each(case when jsonb_typeof({stored}) = 'object' then {stored} else '{{}}' end) as kept(why, members),
         jsonb_array_elements_text(kept.members) as member
"""


def stored(considered: Considered) -> dict[str, list[int]]:
    """As it is written: hundreds of members share a handful of reasons. Who could have had the lead has the word ''."""
    found: dict[str, list[int]] = {}
    for member, why in considered.items():
        found.setdefault(why or "", []).append(member)
    return found


def read(given: Any) -> dict[int, str | None]:
    """What is stored, by member."""
    if isinstance(given, dict):
        return dict(sorted((member, why or None) for why, members in given.items() for member in members))
    return {one["member"]: one["why"] for one in given}
