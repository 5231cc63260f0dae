"""What the engine would take back, while it only watches and once it is live."""

from __future__ import annotations

from crm.services import shadowing
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def neglect(scene: Scene) -> None:
    for number in range(3):
        scene.lead(owner="ann", name=f"Lu {number}")
    scene.lead(owner="bob", name="Wu")
    scene.start_clocks()
    scene.time.advance(days=9)


@sample("shadow")
def shadow(scene: Scene) -> Shown:
    neglect(scene)
    return scene.say("mia", "rules shadow")


@sample("shadow_leads")
def shadow_leads(scene: Scene) -> Shown:
    shadow(scene)
    return scene.say("mia", "shadow leads")


@sample("shadow-watching")
def shadow_watching(scene: Scene) -> Shown:
    neglect(scene)
    return scene.tap("ada", "shadow.begin")


@sample("shadow-told")
def shadow_told(scene: Scene) -> Shown:
    with scene.uow() as uow:
        shadowing.begin(uow, why=shadowing.SWITCH_OVER)
    scene.time.advance(days=1)
    with scene.uow() as uow:
        shadowing.tell_due(uow)
    return scene.owed("shadow")


@sample("lead-watched")
def lead_watched(scene: Scene) -> Shown:
    """Its clock runs, and nothing is taken by it."""
    lead = scene.lead(owner="ann", name="Lu Wei")
    scene.start_clocks()
    with scene.uow() as uow:
        shadowing.begin(uow)
    return scene.say("ann", lead)
