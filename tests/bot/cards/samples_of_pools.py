"""Samples of the cards about pools themselves, shields and looks."""

from __future__ import annotations

from tests import build
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

RULES = """
claim: {per_day: 30, reveals_per_day: 5}
pools:
  north:
    per_day: 3
    turn: {claims: 2, per: 1h}
    embargo: 2h
    admission: {tenure_below: 90d, department_below: {north: 200}}
"""


def ruled(scene: Scene) -> None:
    """A pool with rules of its own."""
    with scene.uow() as uow:
        build.rule_set(uow, RULES)


@sample("pools")
def pools(scene: Scene) -> Shown:
    ruled(scene)
    scene.lead(pool="north")
    scene.say("mia", "pools North add reps")
    scene.say("mia", "pools North add @Cyd")
    return scene.say("mia", "pools")


@sample("pools-rep")
def pools_of_a_rep(scene: Scene) -> Shown:
    return scene.say("cyd", "pools")


@sample("move_preview")
def move_preview(scene: Scene) -> Shown:
    for score, name in enumerate(("Lu Wei", "周敏", "Jo Lee")):
        scene.lead(name=name, score=score * 10, region="East")
    return scene.say("mia", "move 20 from Open to North east")


@sample("moved")
def moved(scene: Scene) -> Shown:
    run = move_preview(scene).reply.args["run"]
    scene.say("ann", "claim next")
    return scene.tap("mia", "pool.move", str(run))


def stale(scene: Scene) -> None:
    for name in ("Lu Wei", "周敏", "Jo Lee"):
        scene.lead(name=name, owner="ann")
    scene.lead(name="Own Find", owner="ann", origin="self")


@sample("bulk")
def bulk_preview(scene: Scene) -> Shown:
    stale(scene)
    return scene.say("mia", "reassign stage new @Bob")


@sample("bulk-done")
def bulk_done(scene: Scene) -> Shown:
    return scene.tap("mia", "bulk.do", str(bulk_preview(scene).reply.args["run"]))


@sample("bulk-closed")
def bulk_closed(scene: Scene) -> Shown:
    stale(scene)
    return scene.say("mia", "close all stage new lost no answer")


@sample("bulk_undone")
def bulk_undone(scene: Scene) -> Shown:
    run = bulk_preview(scene).reply.args["run"]
    scene.tap("mia", "bulk.do", str(run))
    return scene.tap("mia", "bulk.undo", str(run))


@sample("revealed")
def revealed(scene: Scene) -> Shown:
    ruled(scene)
    return scene.say("ann", f"reveal {scene.lead(name='Lu Wei', firm='Lucky Tea', region='East')}")


@sample("lead-to_look_at")
def to_look_at(scene: Scene) -> Shown:
    ruled(scene)
    return scene.say("ann", f"lead {scene.lead()}")


@sample("revealed-hidden")
def hidden_again(scene: Scene) -> Shown:
    shown = revealed(scene)
    scene.time.advance(days=1)
    return shown


@sample("lead-protected")
def protected(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    return scene.say("ann", f"protect {ref} for 10 days")


@sample("lead-unprotected")
def unprotected(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    scene.say("ann", f"protect {ref}")
    return scene.say("ann", f"unprotect {ref}")


@sample("quota-pools")
def quota_of_pools(scene: Scene) -> Shown:
    ruled(scene)
    scene.say("ann", f"protect {scene.lead(owner='ann')}")
    scene.say("ann", f"claim {scene.lead(pool='north', pool_entered_at=None)}")
    return scene.say("ann", "quota")


@sample("released-elsewhere")
def released_elsewhere(scene: Scene) -> Shown:
    return scene.say("ann", f"release {scene.lead(owner='ann')} not my region, to North")


@sample("claimed_many-turn")
def claimed_until_the_turn_was_over(scene: Scene) -> Shown:
    with scene.uow() as uow:
        build.rule_set(uow, "pools: {open: {turn: {claims: 1, per: 1h}}}")
    for name in ("Lu Wei", "周敏"):
        scene.lead(name=name)
    return scene.say("ann", "claim 5")
