"""Samples of the cards about what people decide over the rules: held, parked, paused, taken back."""

from __future__ import annotations

from crm import jobs
from crm.services import recycling
from crm.services.rewinding import Outcome
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

RUN = 7


def parked(scene: Scene) -> str:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", region="East")
    scene.say("ann", f"nurture {ref} until 1 April 9:00 their budget is next year")
    return ref


@sample("aside")
def aside_parked(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", region="East")
    return scene.say("ann", f"nurture {ref} for spring fair")


@sample("aside-held")
def aside_held(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", region="East")
    scene.say("mia", f"hold {ref} until Friday 18:00 they are moving house")
    return scene.owed("lead.aside")


@sample("aside-free")
def aside_free(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", region="East")
    scene.say("mia", f"hold {ref} until Friday 18:00 they are moving house")
    return scene.say("mia", f"unhold {ref}")


@sample("woken")
def woken(scene: Scene) -> Shown:
    parked(scene)
    scene.time.advance(days=28)
    jobs.set_free(scene.database, scene.acme.org_id)
    return scene.owed("lead.woken")


@sample("nurtured")
def nurtured(scene: Scene) -> Shown:
    parked(scene)
    scene.say("ann", f"nurture {scene.lead(owner='ann', name='周敏', firm='茶语')} for spring fair")
    return scene.say("ann", "my nurtured")


@sample("nurtured-none")
def nurtured_none(scene: Scene) -> Shown:
    return scene.say("ann", "my nurtured")


@sample("nurture_form")
def nurture_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.nurture", scene.lead(owner="ann"))


@sample("hand_over_form")
def hand_over_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.hand_over", scene.lead(owner="ann"))


@sample("pauses")
def paused(scene: Scene) -> Shown:
    scene.say("mia", "rules pause web leads until Friday 18:00 new prices")
    scene.dealt(name="Lu Wei")
    return scene.say("mia", "rules pause")


@sample("pauses-none")
def not_paused(scene: Scene) -> Shown:
    return scene.say("mia", "rules pause")


@sample("runs")
def runs(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    scene.start_clocks()
    scene.time.advance(days=9)
    recycling.sweep(scene.database, scene.acme.org_id)
    scene.write(f"update decision set run_id = {RUN} where org_id = :o and run_id is not null")
    scene.write(f"update run set id = {RUN} where org_id = :o")
    return scene.say("mia", "rewind")


@sample("runs-none")
def no_runs(scene: Scene) -> Shown:
    return scene.say("mia", "rewind")


@sample("rewinding")
def rewinding(scene: Scene) -> Shown:
    runs(scene)
    return scene.say("mia", f"rewind R-{RUN}")


@sample("run_rewound")
def run_rewound(scene: Scene) -> Shown:
    ids = [scene.id_of(scene.lead(owner="ann", name=name)) for name in ("Lu Wei", "Zoe", "周敏")]
    return scene.shown("mia", "run_rewound", run=RUN, **Outcome(ids[:1], ids[1:2], ids[2:]).told())


@sample("run_rewound-nothing")
def run_not_rewound(scene: Scene) -> Shown:
    ids = [scene.id_of(scene.lead(owner="ann")) for _ in range(14)]
    return scene.shown("mia", "run_rewound", run=RUN, **Outcome(kept=ids).told())


@sample("run_corrected")
def run_corrected(scene: Scene) -> Shown:
    ids = [scene.id_of(scene.lead(owner="ann", name=name)) for name in ("Lu Wei", "Zoe")]
    return scene.shown("ann", "run_corrected", run=RUN, leads=ids, yours=True)


@sample("run_corrected-others")
def run_corrected_others(scene: Scene) -> Shown:
    return scene.shown("bob", "run_corrected", run=RUN, leads=[scene.id_of(scene.lead(owner="ann"))], yours=False)


@sample("why-overridden")
def why_overridden(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea")
    scene.start_clocks()
    for words in (f"hold {ref} until Friday 18:00 they are moving house", f"unhold {ref}"):
        scene.say("mia", words)
    scene.say("mia", "rules pause first contact until Friday 18:00 trade fair")
    return scene.say("mia", f"why {ref}")


@sample("leave")
def leave(scene: Scene) -> Shown:
    return scene.say("ann", "leave 9 March to 11 March")


@sample("leave-none")
def no_leave(scene: Scene) -> Shown:
    return scene.say("ann", "leave")
