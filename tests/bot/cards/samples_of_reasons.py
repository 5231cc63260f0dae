"""Samples of the cards that look back: refusals, points, the week, and what was decided."""

from __future__ import annotations

from crm.errors import CapacityReached
from crm.services import refusing
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


@sample("why-refused")
def why_refused(scene: Scene) -> Shown:
    ref, refusal = scene.lead(), CapacityReached(held=200, limit=200)
    refusal.asked = ref
    with scene.uow() as uow:
        refusing.remember(uow, scene.viewer(uow, "bob"), refusal)
    return scene.say("mia", f"why {ref}")


@sample("lead-scored")
def lead_scored(scene: Scene) -> Shown:
    reasons = [
        ["rule:hot source", 30], ["level:A", 20], ["fit:phone", 10], ["fit:name", 5], ["touches:3", 10],
        ["activity:contacted", 5], ["recency:1d", 20],
    ]  # fmt: skip
    return scene.say("ann", f"lead {scene.lead(owner='ann', score=100, score_reasons=reasons)}")


@sample("health")
def health(scene: Scene) -> Shown:
    for _ in range(25):
        scene.lead(owner="ann")
    scene.time.advance(days=15)
    for ref in [scene.lead() for _ in range(5)]:
        scene.say("bob", f"claim {ref}")
        scene.say("bob", f"release {ref} no")
    for _ in range(4):
        scene.dealt()
    scene.time.advance(hours=6)
    return scene.say("mia", "health")


@sample("health-quiet")
def health_quiet(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    return scene.say("ada", "health")


@sample("decisions")
def decisions(scene: Scene) -> Shown:
    ref = scene.dealt(region="East")
    scene.say("dan", f"claim {ref}")
    return scene.say("ada", "export decisions today")


@sample("decisions-none")
def decisions_none(scene: Scene) -> Shown:
    return scene.say("mia", "export decisions today")
