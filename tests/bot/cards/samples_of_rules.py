"""Samples of the cards about the rules: in words, as written, former versions, and rehearsals in every state."""

from __future__ import annotations

from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

STRICT = """rules
claim: {per_day: 5, capacity: {default: 1}}
recycle: [{name: calls, no_follow_up: 1h, to: open}]
dispatch: [{name: web leads, to: {members: [Cyd 王]}, working_hours: false}]
"""


def rehearsed(scene: Scene) -> Shown:
    """Two leads of Ann and one that was dealt."""
    for _ in range(2):
        scene.lead(owner="ann")
    scene.say("bob", "off")
    scene.dealt()
    scene.start_clocks()
    scene.time.advance(hours=2)
    return scene.say("mia", STRICT)


def number(shown: Shown) -> str:
    return str(shown.reply.args["rehearsal"])


@sample("rules")
def rules(scene: Scene) -> Shown:
    shown = rehearsed(scene)
    scene.tap("mia", "rules.apply", number(shown))
    return scene.say("mia", "rules")


@sample("rules-empty")
def rules_empty(scene: Scene) -> Shown:
    scene.write("update organization set rule_set_id = null where id = :o")
    return scene.say("mia", "rules")


@sample("rules_written")
def rules_written(scene: Scene) -> Shown:
    return scene.say("mia", "rules show")


@sample("rules_history")
def rules_history(scene: Scene) -> Shown:
    scene.tap("mia", "rules.apply", number(rehearsed(scene)))
    return scene.say("mia", "rules history")


@sample("rehearsal")
def rehearsal(scene: Scene) -> Shown:
    return rehearsed(scene)


@sample("rehearsing")
def rehearsing(scene: Scene) -> Shown:
    return scene.shown("mia", "rehearsing")


@sample("rehearsal-counting")
def rehearsal_counting(scene: Scene) -> Shown:
    shown = rehearsed(scene)
    scene.write("update rehearsal set state = 'counting', result = '{}' where org_id = :o")
    return shown


@sample("rehearsal-applied")
def rehearsal_applied(scene: Scene) -> Shown:
    return scene.tap("mia", "rules.apply", number(rehearsed(scene)))


@sample("rehearsal-discarded")
def rehearsal_discarded(scene: Scene) -> Shown:
    return scene.tap("mia", "rules.discard", number(rehearsed(scene)))


@sample("rehearsal-discarded_early")
def rehearsal_discarded_early(scene: Scene) -> Shown:
    return scene.tap("mia", "rules.discard", number(rehearsal_counting(scene)))


@sample("rehearsal-outdated")
def rehearsal_outdated(scene: Scene) -> Shown:
    slow, quick = rehearsed(scene), scene.say("max", "rules set claim.per_day 9")
    scene.tap("max", "rules.apply", number(quick))
    return scene.tap("mia", "rules.apply", number(slow))


@sample("rehearsal-present")
def rehearsal_present(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    scene.start_clocks()
    return scene.say("mia", "rules rehearse")
