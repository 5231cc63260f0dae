"""P1: a lead has at most one owner, a claim exactly one winner, and every loser learns who was faster."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.promises.crowd import Rival, add_rivals, at_once
from tests.rounds import rounds
from tests.world import World


@pytest.mark.usefixtures("unhurried")
def test_of_many_claims_at_once_on_slack_and_wecom_exactly_one_wins(world: World) -> None:
    rivals = add_rivals(world, rounds(short=8, full=200))
    for _ in range(rounds(short=20, full=1000)):
        race(world, rivals)


def race(world: World, rivals: list[Rival]) -> None:
    """All claim one new lead."""
    ref = world.lead()
    at_door = at_once([lambda rival=rival: rival.says(f"claim {ref}") for rival in rivals])
    world.run_jobs()
    answers = {rival: said or rival.heard() for rival, said in zip(rivals, at_door, strict=True)}
    (winner,) = [rival for rival, answer in answers.items() if "was faster" not in answer]
    losers = [answer for rival, answer in answers.items() if rival != winner]
    assert owners(world, ref) == [winner.member_id]
    assert all(f"{winner.shown} was faster" in answer for answer in losers)
    world.time.advance(minutes=2)


def owners(world: World, ref: str) -> list[int]:
    with world.database.begin(world.acme.org_id) as uow:
        found = text(
            "select a.member_id from assignment a join lead l on l.org_id = a.org_id and l.id = a.lead_id"
            " where a.org_id = :o and l.number = :n and a.ended_at is null and l.owner_id = a.member_id"
        )
        return list(uow.session.scalars(found, {"o": uow.org_id, "n": int(ref.removeprefix("L-"))}))
