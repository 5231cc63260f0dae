"""A sample of every card: how it comes about in `Scene`, told as people do it.

What follows a `-` in a name tells the shapes of one card apart.
"""

from __future__ import annotations

from collections.abc import Callable

from crm.services import breaker, placing
from tests import build
from tests.bot.cards.scene import GROUP, Scene, Shown

Script = Callable[[Scene], Shown]
SAMPLES: dict[str, Script] = {}
FOUR = ("周敏", "Lu Wei", "Zoe", "Grace")  # more than come singly


def sample(name: str) -> Callable[[Script], Script]:
    """Register how the card `name` comes about."""

    def register(script: Script) -> Script:
        SAMPLES[name] = script
        return script

    return register


def a_call(scene: Scene) -> str:
    """Ann's lead, called once."""
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", region="East")
    scene.say("ann", f"log {ref} called, wants a quote, call back tomorrow 3pm")
    scene.time.advance(hours=1)
    return ref


# A lead comes in


@sample("arrived")
def arrived(scene: Scene) -> Shown:
    refs = [scene.lead(name=name, firm="Tea House", score=40) for name in ("Zhou Min", "Mary Poppins")]
    with scene.uow() as uow:
        placing.announce(uow, scene.acme.pool["open"], [scene.id_of(ref) for ref in refs])
    scene.say("bob", f"claim {refs[0]}")
    return scene.owed("pool.arrived")


@sample("arrived-one")
def arrived_one(scene: Scene) -> Shown:
    ref = scene.lead(name="周敏", firm="茶语", score=40, region="East")
    with scene.uow() as uow:
        placing.announce(uow, scene.acme.pool["open"], [scene.id_of(ref)])
    return Shown("ann", scene.owed("pool.arrived").reply)


@sample("arrived-gone")
def arrived_gone(scene: Scene) -> Shown:
    return scene.shown(GROUP, "arrived", pool=scene.acme.pool["open"], leads=[0])


@sample("pushed")
def pushed(scene: Scene) -> Shown:
    scene.say("bob", "off")
    scene.dealt(region="East", level="A")
    return scene.owed("lead.dispatched")


@sample("pushed-moved_on")
def pushed_moved_on(scene: Scene) -> Shown:
    scene.say("bob", "off")
    ref = scene.dealt()
    scene.say("mia", f"assign {ref} @Bob")
    return Shown("ann", scene.owed("lead.dispatched").reply)


@sample("dealt")
def dealt(scene: Scene) -> Shown:
    leads = [scene.id_of(scene.lead(owner="ann", name=name)) for name in ("Ada Wong", "王小明", "Jo Lee")]
    return scene.shown("ann", "dealt", leads=leads, run=1)


@sample("touched")
def touched(scene: Scene) -> Shown:
    a_call(scene)
    scene.comes_in(phone="+8613800138000", name="Lu Wei", company="Lucky Tea", amount="8000")
    return scene.owed("lead.touched")


@sample("touched-many")
def touched_many(scene: Scene) -> Shown:
    shown = touched(scene)
    return scene.shown(shown.viewer, "touched", **shown.reply.args | {"count": 3})


@sample("held")
def held(scene: Scene) -> Shown:
    return scene.shown("mia", "held", leads=[1, 2, 3])


@sample("assigned")
def assigned(scene: Scene) -> Shown:
    ref = scene.lead()
    scene.say("bob", f"claim {ref}")
    scene.say("bob", f"log {ref} met her at the fair, likes the white tea")
    scene.say("bob", f"release {ref} not my region")
    scene.say("mia", f"assign {ref} @Ann")
    return scene.owed("lead.assigned", to="ann")


@sample("transferred")
def transferred(scene: Scene) -> Shown:
    for name in ("Lu Wei", "周敏"):
        scene.lead(owner="ann", name=name)
    scene.say("mia", "transfer @Ann @Bob")
    return scene.owed("leads.transferred")


@sample("transferred-undone")
def transferred_undone(scene: Scene) -> Shown:
    for name in ("Lu Wei", "周敏"):
        scene.lead(owner="ann", name=name)
    scene.say("mia", "transfer @Ann @Bob")
    scene.say("mia", "undo")
    return scene.owed("leads.transferred", to="ann")


@sample("moved_away-undone")
def moved_away_undone(scene: Scene) -> Shown:
    scene.say("mia", f"assign {scene.lead(owner='ann')} @Bob")
    scene.say("mia", "undo")
    return scene.owed("leads.moved_away", to="bob")


@sample("moved_away")
def moved_away(scene: Scene) -> Shown:
    scene.say("mia", f"assign {scene.lead(owner='bob')} @Ann")
    return scene.owed("leads.moved_away", to="bob")


# The pool


@sample("pool")
def pool(scene: Scene) -> Shown:
    for score, name in enumerate(("Lu Wei", "周敏", "Jo Lee")):
        scene.lead(name=name, score=score * 10, pool="north" if score else "open", region="East")
    return scene.say("ann", "pool")


@sample("pool-empty")
def pool_empty(scene: Scene) -> Shown:
    return scene.say("ann", "pool")


@sample("claimed")
def claimed(scene: Scene) -> Shown:
    scene.lead(name="Lu Wei", firm="Lucky Tea", region="East")
    return scene.say("ann", "claim next")


@sample("claimed_many")
def claimed_many(scene: Scene) -> Shown:
    for name in ("Lu Wei", "周敏"):
        scene.lead(name=name)
    return scene.say("ann", "claim 5")


@sample("claimed_many-one")
def claimed_one_of_many(scene: Scene) -> Shown:
    scene.lead()
    return scene.say("ann", "claim 5")


@sample("taken")
def taken(scene: Scene) -> Shown:
    ref = scene.lead()
    scene.say("bob", f"claim {ref}")
    return scene.say("ann", f"claim {ref}")


@sample("released")
def released(scene: Scene) -> Shown:
    return scene.say("ann", f"release {scene.lead(owner='ann')} not my region")


@sample("release_form")
def release_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.release_to", scene.lead(owner="ann"))


@sample("release_why")
def release_why(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.release", scene.lead(owner="ann", name="Lu Wei"))


@sample("pool_recycled")
def pool_recycled(scene: Scene) -> Shown:
    neglected(scene)
    return scene.owed("pool.recycled")


@sample("pool_recycled-many")
def pool_recycled_many(scene: Scene) -> Shown:
    neglected(scene, *"ABCDEFG")
    shown = scene.owed("pool.recycled")
    scene.say("bob", "claim L-1002")
    return shown


@sample("pool_recycled-embargo")
def pool_recycled_embargo(scene: Scene) -> Shown:
    shown = pool_recycled(scene)
    with scene.uow() as uow:
        build.rule_set(uow, "claim: {embargo: 4h}")
    return shown


@sample("recycled")
def recycled(scene: Scene) -> Shown:
    neglected(scene)
    return scene.owed("leads.recycled")


@sample("recycled-many")
def recycled_many(scene: Scene) -> Shown:
    neglected(scene, "Lu Wei", "周敏", "Jo Lee")
    return scene.owed("leads.recycled")


@sample("recycle_stopped")
def recycle_stopped(scene: Scene) -> Shown:
    for number in range(24):
        scene.lead(owner="ann", name=f"Lu {number}")
    scene.start_clocks()
    scene.time.advance(days=9)
    with scene.uow() as uow:
        breaker.check(uow)
    return scene.owed("recycle.stopped")


@sample("recycle_answered")
def recycle_answered(scene: Scene) -> Shown:
    return scene.tap("mia", "recycle.postpone", str(recycle_stopped(scene).reply.args["run"]))


@sample("recycle_answered-approved")
def recycle_approved(scene: Scene) -> Shown:
    return scene.tap("mia", "recycle.approve", str(recycle_stopped(scene).reply.args["run"]))


@sample("warning")
def warning(scene: Scene) -> Shown:
    about_to_go(scene)
    return scene.owed("lead.warning")


@sample("warning-kept")
def warning_kept(scene: Scene) -> Shown:
    ref = about_to_go(scene)
    card = scene.owed("lead.warning")
    scene.say("ann", f"log {ref} called")
    return card


@sample("warning_copy")
def warning_copy(scene: Scene) -> Shown:
    about_to_go(scene)
    return scene.owed("lead.warning_copy")


@sample("warnings")
def warnings(scene: Scene) -> Shown:
    all_about_to_go(scene)
    return scene.listed("lead.warning")


@sample("warnings-kept")
def warnings_kept(scene: Scene) -> Shown:
    card = warnings(scene)
    scene.say("ann", "log Zoe called")
    return card


@sample("warnings-all_kept")
def warnings_all_kept(scene: Scene) -> Shown:
    card = warnings(scene)
    for name in FOUR:
        scene.say("ann", f"log {name} called")
    return card


@sample("warnings_copy")
def warnings_copy(scene: Scene) -> Shown:
    all_about_to_go(scene)
    return scene.listed("lead.warning_copy")


@sample("quota")
def quota(scene: Scene) -> Shown:
    scene.lead()
    scene.say("ann", "claim next")
    return scene.say("ann", "quota")


def neglected(scene: Scene, *names: str) -> None:
    """Leads of Ann's that nobody cared for until they were taken back."""
    for name in names or ("Lu Wei",):
        scene.lead(owner="ann", name=name)
    scene.start_clocks()
    scene.falls_due(days=9)


def all_about_to_go(scene: Scene) -> None:
    """Leads of Ann's an hour before they are taken back."""
    for name in FOUR:
        scene.lead(owner="ann", name=name)
    scene.start_clocks()
    scene.falls_due(days=1, hours=23)


def about_to_go(scene: Scene) -> str:
    """A lead of Ann's an hour before it is taken back."""
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    scene.falls_due(days=1, hours=23)
    return ref
