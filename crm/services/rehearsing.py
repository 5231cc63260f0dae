"""Trying a rule set without putting it in force: what it would do is counted on live data, shown, and then applied or
thrown away. Counting only reads, in short transactions; nobody waits for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from crm import queue
from crm.errors import OldCard
from crm.rules.access import Actor
from crm.rules.changes import changes
from crm.rules.ruleset import Rules, parse
from crm.services import candidates, rehearsing_clocks, rehearsing_turns, rules_admin
from crm.services.timeline import plain
from crm.services.trial import Trial, only_read, under
from crm.uow import UnitOfWork

# With more leads than this the answer would come too late for a chat: a job counts.
AT_ONCE = 1000
CHUNK = 5000
CHANGES, OVER = 40, 50

Begin = Callable[[], AbstractContextManager[UnitOfWork]]

_INSERT = text(
    "insert into rehearsal (org_id, text, by_id, at, state, rule_set_id)"
    " values (:org, :text, :by, :now, 'counting', :base) returning id"
)
_READ = text(
    """
    select r.id, r.text, r.by_id, r.at, r.state, r.result, r.rule_set_id, r.rule_set_id is distinct from o.rule_set_id
           as outdated
    from rehearsal r join organization o on o.id = r.org_id where r.org_id = :org and r.id = :id
    """
)
_LOCK = text("select 1 from rehearsal where org_id = :org and id = :id for update")
_WRITE = text(
    "update rehearsal set state = :state, result = result || cast(:more as jsonb) where org_id = :org and id = :id"
)
_FINISH = text(
    "update rehearsal set state = 'done', result = cast(:result as jsonb)"
    " where org_id = :org and id = :id and state = 'counting' returning id"
)
_IS_LARGE = text(
    """
    select (select count(*) from (select 1 from lead where org_id = :org and status = 'open' and owner_id is not null
                                  limit :most) owned) = :most
        or (select count(*) from (select 1 from decision
                                  where org_id = :org and at >= :since limit :most) dealt) = :most
    """
)
# The card that says that it is being counted: where it stands, and whether it is still to be drawn.
_CARD = text(
    """
    select m.state = 'owed' and m.attempt = 0 as to_come, p.handle from message m
    left join posted_card p on p.org_id = m.org_id and p.message_id = m.id
    where m.org_id = :org and m.key = :key limit 1
    """
)
_MEMBERS = text("select member_id from rep_load where org_id = :org and holding > 0")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsed text. `state`: counting, done, applied, discarded; `outdated`: other rules are in force since then.

    `result`: `changes`, `clocks`, `turns` and `over` as counted, and `version` once it was applied.
    """

    id: int
    text: str
    by_id: int | None
    at: datetime
    state: str
    result: dict[str, Any]
    rule_set_id: int | None
    outdated: bool


def start(uow: UnitOfWork, *, written: str, actor: Actor | None = None) -> Rehearsal:
    """Rehearse a rule set: a small organization's at once, a large one's by a job on a card of `actor`.

    Raises: NotAllowed, RuleSetInvalid.
    """
    made = _open(uow, written, actor)
    if uow.session.scalar(_IS_LARGE, _size(uow)):
        if actor is not None:
            uow.notify("rules.rehearsed", to=actor.id, key=_counting(made.id), data={"rehearsal": made.id})
        uow.defer(queue.Order(queue.REHEARSE, {"org_id": uow.org_id, "rehearsal_id": made.id}, queue=queue.BULK))
        return made
    _count(lambda: nullcontext(uow), made.id)
    return get(uow, made.id)


def at_once(begin: Begin, *, written: str) -> Rehearsal:
    """The same from the command line, whatever the size. Raises RuleSetInvalid."""
    with begin() as uow:
        made = _open(uow, written, None)
    _count(begin, made.id, reading=_reading(begin))
    with begin() as uow:
        return get(uow, made.id)


def count(begin: Begin, rehearsal_id: int) -> None:
    """The job: count, and tell whoever asked."""
    with begin() as uow:
        asked = get(uow, rehearsal_id)
    if asked.state != "counting":
        return
    counted = _count(begin, rehearsal_id, reading=_reading(begin))
    if counted and asked.by_id is not None:
        with begin() as uow:
            _show(uow, asked)


def get(uow: UnitOfWork, rehearsal_id: int) -> Rehearsal:
    """Raises OldCard for one that is gone."""
    row = uow.session.execute(_READ, {"org": uow.org_id, "id": rehearsal_id}).mappings().one_or_none()
    if row is None:
        raise OldCard
    return Rehearsal(**row)


def apply(uow: UnitOfWork, *, actor: Actor, rehearsal_id: int) -> Rehearsal:
    """Put the text in force, if those rules that it was compared with still are; else nothing happens.

    Raises: NotAllowed, RuleSetInvalid; OldCard if it was answered already.
    """
    _need_manager(actor)
    # The organization's lock comes first, as for everybody who applies a rule set.
    present = rules_admin.lock(uow)
    found = _unanswered(uow, rehearsal_id)
    if present == found.rule_set_id:
        version = rules_admin.apply(uow, written=found.text, actor=actor)
        _write(uow, rehearsal_id, "applied", {"version": version})
    return get(uow, rehearsal_id)


def discard(uow: UnitOfWork, *, actor: Actor, rehearsal_id: int) -> Rehearsal:
    """Throw the text away. Raises NotAllowed; OldCard if it was answered already."""
    _need_manager(actor)
    _unanswered(uow, rehearsal_id)
    _write(uow, rehearsal_id, "discarded", {})
    return get(uow, rehearsal_id)


def again(uow: UnitOfWork, *, actor: Actor, rehearsal_id: int) -> Rehearsal:
    """Rehearse the same text anew. Raises: as `start`."""
    return start(uow, written=get(uow, rehearsal_id).text, actor=actor)


def _open(uow: UnitOfWork, written: str, actor: Actor | None) -> Rehearsal:
    if actor is not None:
        _need_manager(actor)
    rules_admin.check(uow, written)
    args = {"org": uow.org_id, "text": written, "by": actor.id if actor else None, "now": uow.now}
    return get(uow, uow.session.execute(_INSERT, args | {"base": uow.rule_set_id}).scalar_one())


def _counting(rehearsal_id: int) -> str:
    return f"rehearsing:{rehearsal_id}"


def _show(uow: UnitOfWork, asked: Rehearsal) -> None:
    """Draw the figures over the card that says that they are being counted; a new card where that cannot be changed."""
    card = uow.session.execute(_CARD, {"org": uow.org_id, "key": _counting(asked.id)}).one_or_none()
    if card is None or not card.to_come:
        data = {"rehearsal": asked.id} | ({"handle": card.handle} if card and card.handle else {})
        uow.notify("rules.rehearsed", to=asked.by_id, key=f"rehearsed:{asked.id}", data=data)


def _size(uow: UnitOfWork) -> dict[str, Any]:
    return {"org": uow.org_id, "most": AT_ONCE + 1, "since": uow.now - rehearsing_turns.BACK}


def _count(begin: Begin, rehearsal_id: int, *, reading: Begin | None = None) -> bool:
    """Count and store. False: it was thrown away before that.

    Args:
        reading: transactions to count in; those of `begin` where they are not given.
    """
    read = reading or begin
    found = rehearsing_clocks.Clocks()
    with read() as uow:
        rules = parse(get(uow, rehearsal_id).text)
        result = {"changes": _changes(uow.rules, rules), "over": _over(uow, rules)}
        going = None if rehearsing_clocks.unmoved(uow.rules, rules) else 0
        if going is None:
            rehearsing_clocks.as_it_is(uow, found)
    while going is not None:
        with read() as uow:
            going = rehearsing_clocks.chunk(under(uow, rules), found, after=going, many=CHUNK)
    with read() as uow:
        trial = under(uow, rules)
        result |= {"clocks": found.result(trial), "turns": rehearsing_turns.rehearse(trial)}
    with begin() as uow:
        args = {"org": uow.org_id, "id": rehearsal_id, "result": json.dumps(result, default=plain)}
        # Meanwhile it may have been thrown away.
        return uow.session.scalar(_FINISH, args) is not None


def _reading(begin: Begin) -> Begin:
    """Transactions that cannot write."""

    @contextmanager
    def opened() -> Iterator[UnitOfWork]:
        with begin() as uow:
            only_read(uow)
            yield uow

    return opened


def _changes(old: Rules, new: Rules) -> dict[str, Any]:
    found = changes(old, new)
    return {"many": len(found), "first": [one._asdict() for one in found[:CHANGES]]}


def _over(uow: UnitOfWork, rules: Rules) -> dict[str, Any]:
    """Who holds more than the rules allow; such members keep what they have, and get no more."""
    holding = list(uow.session.scalars(_MEMBERS, {"org": uow.org_id}))
    now, then = _full(uow, holding), _full(under(uow, rules), holding)
    rows = sorted(then.values(), key=lambda row: (row["cap"] - row["holding"], row["member"]))
    return {"before": len(now), "after": len(then), "members": rows[:OVER]}


def _full(uow: UnitOfWork | Trial, members: list[int]) -> dict[int, dict[str, int]]:
    seats = candidates.of_members(uow, members).values()
    return {
        one.member_id: {"member": one.member_id, "holding": one.holding, "cap": one.capacity}
        for one in seats
        if one.capacity is not None and one.holding > one.capacity
    }


def _unanswered(uow: UnitOfWork, rehearsal_id: int) -> Rehearsal:
    uow.session.execute(_LOCK, {"org": uow.org_id, "id": rehearsal_id})
    found = get(uow, rehearsal_id)
    if found.state not in {"counting", "done"}:
        raise OldCard
    return found


def _write(uow: UnitOfWork, rehearsal_id: int, state: str, more: dict[str, Any]) -> None:
    args = {"org": uow.org_id, "id": rehearsal_id, "state": state, "more": json.dumps(more, default=plain)}
    uow.session.execute(_WRITE, args)


def _need_manager(actor: Actor) -> None:
    actor.need("rules")
