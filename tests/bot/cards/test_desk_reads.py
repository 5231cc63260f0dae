"""What a member looks at first takes as many statements for many leads as for a few."""

from __future__ import annotations

import pytest

from tests.bot.cards.scene import Scene
from tests.promises.statements import NEVER, crash, watching

SAID = ("today", "week", "my", "my stage new, starred, due today", "next")


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def more_work(scene: Scene, many: int) -> None:
    """Ann gets so many leads, each starred, planned for today, and soon to be recycled; her team is asked as often."""
    for _ in range(many):
        ref = scene.lead(owner="ann", score=10)
        scene.say("ann", f"star {ref}")
        scene.say("ann", f"remind {ref} today 3pm call back")
        scene.say("bob", f"remind team {scene.lead(owner='bob')} today 4pm help")
    scene.start_clocks()


def statements(scene: Scene, words: str) -> int:
    scene.draw(scene.say("ann", words))
    with watching(NEVER, crash) as seen:
        scene.draw(scene.say("ann", words))
    return seen.count


def test_more_leads_take_no_more_statements(scene):
    scene.say("ann", "sort by score")
    more_work(scene, 1)
    few = {words: statements(scene, words) for words in SAID}
    more_work(scene, 3)
    assert {words: statements(scene, words) for words in SAID} == few
