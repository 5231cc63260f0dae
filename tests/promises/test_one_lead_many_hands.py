"""Many changes of one lead at the same moment wait for each other; none is refused and none is lost."""

from __future__ import annotations

from functools import partial

import pytest

from tests.promises.crowd import Rival, at_once
from tests.rounds import rounds
from tests.world import World

AT_ONCE = 6
DONE = """
    select count(*) from activity a join lead l on l.org_id = a.org_id and l.id = a.lead_id
    where l.number = :n and a.words like 'step%'
"""


@pytest.mark.parametrize("words", ["remind {ref} tomorrow 3pm step {n}", "log {ref} step {n}", "note {ref} step {n}"])
def test_what_one_rep_does_to_one_lead_at_once_is_all_done(world: World, words: str) -> None:
    ann = Rival(world, "slack", "ann")
    for _ in range(rounds(short=3, full=100)):
        ref = world.lead(owner="ann")
        answers = at_once([partial(ann.says, words.format(ref=ref, n=n)) for n in range(AT_ONCE)])
        assert [answer for answer in answers if "does not work" in answer] == []
        assert world.count(DONE, n=int(ref.removeprefix("L-"))) == AT_ONCE
