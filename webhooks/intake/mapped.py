"""Posts as a mapping describes them: leads by their paths, or ids of leads that have to be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from crm.formats.mapping import Mapping
from crm.formats.reading import leads_of, own_id, read
from crm.rules.arrival import Arrival, FieldErrors, check
from crm.services import houses
from webhooks.intake import belief, bodies, challenge
from webhooks.intake.items import Announced, Came, Format, Item, Passed, Told, Wrong

NOTHING = "Nothing in this post is a new lead."
NO_ID = "Without an id the lead cannot be fetched."


def format_of(mapping: Mapping) -> Format:
    """The format that a mapping describes."""
    asked = partial(challenge.answer, mapping.challenge) if mapping.challenge else None
    return Format(
        lambda uow, _source, post: told(mapping, bodies.read(post), houses.of(uow).region),
        partial(belief.believes, mapping),
        challenge=asked,
    )


def told(mapping: Mapping, values: Any, region: str) -> Told:
    """What a post holds. Raises FieldErrors where no lead can be read; of several, a wrong one keeps no other out."""
    items = list(_items(mapping, values, region))
    wrong = [item for item in items if isinstance(item, Wrong)]
    if wrong and len(wrong) == len(items):
        raise FieldErrors(wrong[0].errors)
    return Told(items or [Passed(NOTHING)], several=bool(mapping.leads), answer=mapping.answer)


def _items(mapping: Mapping, values: Any, region: str) -> Iterator[Item]:
    for lead in leads_of(mapping, values):
        try:
            yield _announced(mapping, lead) if mapping.fetch else came(mapping, lead, values, region)
        except FieldErrors as exc:
            yield Wrong(exc.fields)


def came(mapping: Mapping, lead: Any, values: Any, region: str) -> Came:
    """One lead. Args: region: ISO country of phones without a country code. Raises FieldErrors."""
    found = read(mapping, lead, values)
    return Came(_saved(found.arrival, region), found.own_id)


def _saved(arrival: Arrival, region: str) -> Arrival:
    """A vendor never corrects a lead: what is wrong beside a contact that is right is kept as it is, unread.

    Raises: FieldErrors where no contact is right.
    """
    try:
        check(arrival, region=region, sender="-")
    except FieldErrors as exc:
        wrong = {name: getattr(arrival, name, "") for name in exc.fields}
        rest = replace(arrival, **dict.fromkeys(wrong, ""), custom={**arrival.custom, **wrong})
        if not any(wrong.values()) or not _is_right(rest, region):
            raise
        return rest
    return arrival


def _is_right(arrival: Arrival, region: str) -> bool:
    try:
        check(arrival, region=region, sender="-")
    except FieldErrors:
        return False
    return True


def _announced(mapping: Mapping, lead: Any) -> Announced:
    named = own_id(mapping, lead)
    if not named:
        raise FieldErrors({"id": NO_ID})
    return Announced(named, lead)


def of_lead(mapping: Mapping) -> Mapping:
    """How a lead looks that was fetched: what says how its announcement looks says nothing about it."""
    bare: dict[str, Any] = {
        "leads": (),
        "id": None,
        "id_within": None,
        "only": {},
        "must": {},
        "inside": None,
        "fetch": None,
    }
    return mapping.model_copy(update=bare)
