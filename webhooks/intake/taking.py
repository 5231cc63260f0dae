"""Taking in what a post holds, each thing once however often it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from crm.models import Source
from crm.rules.arrival import Arrival, Checked, FieldErrors
from crm.services import behaviour, fetches, intake, intake_many
from crm.services.behaviour import Deed
from crm.services.front import Front
from crm.uow import UnitOfWork
from crm.vault import fingerprint
from webhooks.intake.items import Announced, Came, Item, Passed, Told, Wrong
from webhooks.intake.post import Answer

_FIRST = text(
    "insert into delivery (key, org_id, at) values (:key, :org, :now) on conflict (key) do nothing returning key"
)
_ANSWERED = text("select answer from delivery where key = :key")
_ANSWER = text("update delivery set answer = cast(:answer as jsonb) where key = :key")


# In the order of the keys, so that two processes wait for each other and never in a circle.
_FIRST_OF = text(
    """
    insert into delivery (key, org_id, at) select key, :org, :now from unnest(cast(:keys as text[])) as given(key)
    order by key on conflict (key) do nothing returning key
    """
)
_ANSWERS = text(
    """
    update delivery d set answer = cast(a.answer as jsonb)
    from unnest(cast(:keys as text[]), cast(:answers as text[])) as a(key, answer) where d.key = a.key
    """
)


@dataclass(frozen=True, slots=True)
class Single:
    """A post with one lead that can be taken in. `name`: the sender's name of it, "" when it has none."""

    checked: Checked
    name: str
    public: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one thing; `wrong` when it was not taken in."""

    status: int
    content: Mapping[str, Any]
    wrong: Mapping[str, str] | None = None


def take(uow: UnitOfWork, source: Source, told: Told, name: str) -> tuple[Answer, list[Done]]:
    """Take everything in. Args: name: the sender's name of the whole post, "" when it has none.

    Raises: FieldErrors where a post has one thing, or none that can be taken in.
    """
    if not told.several and len(told.items) == 1:
        done = [_one(uow, source, told.items[0], name)]
    else:
        done = [_apart(uow, source, item, f"{name}#{place}" if name else "") for place, item in enumerate(told.items)]
        if done and all(each.wrong for each in done):
            raise FieldErrors(done[0].wrong or {})
    return _answer(told, done), done


def take_together(uow: UnitOfWork, at: Front, singles: Mapping[int, Single]) -> dict[int, Answer]:
    """Take several posts in as if they had come one by one; the answers to those that were not taken in before."""
    keys = {number: _key(at.source, single.name) for number, single in singles.items()}
    fresh = _fresh(uow, keys)
    checked = [singles[number].checked for number in fresh]
    taken = intake_many.take_in_many(uow, checked, source=at.source, at_once=True, house=at.house)
    contents = {number: {"ref": one.ref} for number, one in zip(fresh, taken, strict=True)}
    named = [number for number in fresh if keys[number]]
    if named:
        answers = [json.dumps(contents[number]) for number in named]
        uow.execute(_ANSWERS, {"keys": [keys[number] for number in named], "answers": answers})
    return {
        number: Answer(201 if one.created else 200, contents[number]) for number, one in zip(fresh, taken, strict=True)
    }


def _fresh(uow: UnitOfWork, keys: Mapping[int, str]) -> list[int]:
    """Those without a name, and the first of each name that was not heard before."""
    by_key = {key: number for number, key in reversed(list(keys.items())) if key}
    args = {"org": uow.org_id, "now": uow.now, "keys": list(by_key)}
    first = {row.key for row in uow.execute(_FIRST_OF, args)} if by_key else set()
    return [number for number, key in keys.items() if not key or (key in first and by_key[key] == number)]


def _key(source: Source, name: str) -> str:
    return f"intake:{source.id}:{fingerprint(name)}" if name else ""


def once(uow: UnitOfWork, source: Source, name: str, arrival: Arrival) -> Done:
    """Take the arrival in unless a post of that name was taken in before; then its answer is given again."""
    key = _key(source, name)
    if key and uow.session.scalar(_FIRST, {"key": key, "org": uow.org_id, "now": uow.now}) is None:
        return Done(200, _stored(uow, key))
    taken = intake.take_in(uow, source=source, arrival=arrival)
    content = {"ref": taken.ref}
    if key:
        uow.session.execute(_ANSWER, {"key": key, "answer": json.dumps(content)})
    return Done(201 if taken.created else 200, content)


def _apart(uow: UnitOfWork, source: Source, item: Item, name: str) -> Done:
    """One of several: a mistake in it keeps the others from nothing."""
    try:
        # The sender's own id goes before the place in a post, because a repeat may hold other leads.
        return _one(uow, source, item, "" if getattr(item, "own_id", "") else name)
    except FieldErrors as exc:
        return Done(422, {"errors": exc.fields}, exc.fields)


def _one(uow: UnitOfWork, source: Source, item: Item, name: str) -> Done:
    match item:
        case Came():
            return once(uow, source, name or item.own_id, item.arrival)
        case Announced():
            fetches.announce(uow, source, own_id=item.own_id, data=item.data)
            return Done(202, {"status": "announced"})
        case Deed():
            return _deed(uow, source, item, name)
        case Wrong():
            return Done(422, {"errors": dict(item.errors)}, item.errors)
        case Passed():
            return Done(200, {"ignored": item.why})


def _deed(uow: UnitOfWork, source: Source, deed: Deed, name: str) -> Done:
    key = _key(source, name or deed.own_id)
    if key and uow.session.scalar(_FIRST, {"key": key, "org": uow.org_id, "now": uow.now}) is None:
        return Done(200, _stored(uow, key))
    became = behaviour.take(uow, source=source, deed=deed)
    content = {"ref": became.ref} if became.ref else {"status": "remembered"}
    if key:
        uow.session.execute(_ANSWER, {"key": key, "answer": json.dumps(content)})
    return Done(201 if became.created else 200, content)


def _answer(told: Told, done: list[Done]) -> Answer:
    if told.answer is not None:
        return Answer(200, told.answer)
    if told.several:
        return Answer(200, {"leads": [each.content for each in done]})
    return Answer(done[0].status, done[0].content)


def _stored(uow: UnitOfWork, key: str) -> dict[str, Any]:
    return dict(uow.session.scalar(_ANSWERED, {"key": key}) or {})
