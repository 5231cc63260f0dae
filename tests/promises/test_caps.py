"""P2: capacity and daily quota are never passed, whoever gives leads to whom at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from crm.services import dispatch
from tests.promises.crowd import Rival, add_rivals, at_once
from tests.rounds import rounds
from tests.world import World

RULES = """
claim: {{per_day: {quota}, capacity: {{default: {cap}}}}}
dispatch: [{{name: north, to: {{departments: [north]}}, working_hours: false, caps: {{per_day: {quota}}}}}]
"""
LANES = 12
LEDGER = text(
    """
    select r.member_id, r.holding, r.day_claims, r.dealt_day,
        (select count(*) from assignment a join lead l on l.org_id = a.org_id and l.id = a.lead_id
         where l.origin <> 'self' and a.org_id = r.org_id and a.member_id = r.member_id and a.ended_at is null) as held,
        (select count(*) from lead l
         where l.org_id = r.org_id and l.owner_id = r.member_id and l.status = 'open') as owned,
        (select count(*) from claim_entry c
         where c.org_id = r.org_id and c.member_id = r.member_id and c.day = r.day) as claimed,
        (select count(*) from assignment a
         where a.org_id = r.org_id and a.member_id = r.member_id and a.began_at = :now
           and a.began_by = 'dispatch') as dealt
    from rep_load r where r.org_id = :o
    """
)
CLEAR = (
    "update assignment set ended_at = :now, ended_by = 'released' where org_id = :o and ended_at is null",
    "update lead set status = 'void', owner_id = null where org_id = :o",
    "update rep_load set holding = 0 where org_id = :o",
)


@pytest.mark.parametrize(("cap", "quota"), [(1, 1), (10, 7), (50, 40)])
def test_no_cap_is_passed_by_claims_dispatch_and_assignment_at_once(
    open_house: Callable[..., World], cap: int, quota: int
) -> None:
    world = open_house(RULES.format(cap=cap, quota=quota))
    rivals = add_rivals(world, 2, ("slack",))
    for seed in range(rounds(short=max(1, 6 // cap), full=333)):
        scramble(world, rivals, cap, random.Random(seed))
        figures = ledger(world)
        assert all(one.holding == one.held == one.owned <= cap for one in figures)
        assert all(one.day_claims == one.claimed <= quota for one in figures)
        assert all(one.dealt_day == one.dealt <= quota for one in figures)
        assert max(one.holding for one in figures) == cap
        clear(world)


def scramble(world: World, rivals: list[Rival], cap: int, chance: random.Random) -> None:
    """Half as much again as everybody can hold, taken and given from all sides at once."""
    refs = [world.lead(score=chance.randrange(9)) for _ in range(cap * 4 + 4)]
    calls: list[Callable[[], Any]] = [partial(rival.says, "claim next") for rival in rivals for _ in range(cap)]
    calls += [partial(give, world, chance.choice(rivals), ref) for ref in refs[: cap + 2]]
    calls += [partial(deal, world, ref) for ref in refs[cap:]]
    chance.shuffle(calls)
    at_once([partial(run, calls[lane::LANES]) for lane in range(LANES)])


def run(calls: list[Callable[[], Any]]) -> None:
    for call in calls:
        call()


def give(world: World, to: Rival, ref: str) -> None:
    """A manager gives the lead by hand."""
    boss = Rival(world, "slack", "mia")
    boss.says(f"assign {ref} @{to.shown}")


def deal(world: World, ref: str) -> None:
    """The engine deals the lead."""
    with world.database.begin(world.acme.org_id) as uow:
        found = text("select id from lead where org_id = :o and number = :n")
        lead_id = uow.session.scalars(found, {"o": uow.org_id, "n": int(ref.removeprefix("L-"))}).one()
        dispatch.dispatch(uow, lead_id)


def ledger(world: World) -> list[Any]:
    with world.database.begin(world.acme.org_id) as uow:
        return list(uow.session.execute(LEDGER, {"o": uow.org_id, "now": uow.now}))


def clear(world: World) -> None:
    """The next morning nobody holds anything."""
    world.time.advance(days=1)
    with world.database.begin(world.acme.org_id) as uow:
        for statement in CLEAR:
            uow.session.execute(text(statement), {"o": uow.org_id, "now": uow.now})
