"""The desk of a member."""

from __future__ import annotations

from bot.context import Reply
from tests.bot.cards.samples import a_call, sample
from tests.bot.cards.scene import Scene, Shown


@sample("home")
def home(scene: Scene) -> Shown:
    a_call(scene)
    scene.lead(owner="ann", name="周敏", firm="茶语", region="East")
    scene.lead(pool="open", name="Mary Poppins", firm="Tea House", score=40)
    scene.start_clocks()
    scene.time.advance(days=1)
    return Shown("ann", Reply("home"))


@sample("home-empty")
def home_empty(scene: Scene) -> Shown:
    return Shown("bob", Reply("home"))
