"""Samples of the cards by which people tune what they are told, and of the lists that stand for many notices."""

from __future__ import annotations

from typing import Any

from crm.rules.notices import GROUPS
from tests.bot.cards.samples import FOUR, sample
from tests.bot.cards.samples_of_offers import under
from tests.bot.cards.scene import Scene, Shown


def held(scene: Scene, to: str, topic: str, **card: Any) -> int:
    """A notice that waits; its number."""
    with scene.uow() as uow:
        uow.notify(topic, to=scene.acme.member[to], lead=card.get("lead"), key=f"{topic}:{card}", data=card)
    scene.write("update message set state = 'held' where org_id = :o and state = 'owed'")
    with scene.uow() as uow:
        return scene.newest(uow)


@sample("several")
def several(scene: Scene) -> Shown:
    for name in FOUR:
        scene.say("mia", f"assign {scene.lead(name=name)} @Ann")
    return scene.listed("lead.assigned")


@sample("several-offers")
def several_offers(scene: Scene) -> Shown:
    under(scene, "offer")
    scene.say("bob", "off")
    refs = [scene.dealt(name=name) for name in FOUR]
    shown = scene.listed("lead.offered")
    scene.say("ann", f"accept {refs[0]}")
    return shown


@sample("several-taken")
def several_taken(scene: Scene) -> Shown:
    ids = [scene.id_of(scene.lead(name=name)) for name in FOUR]
    each = [{"lead": lead, "until": "2026-03-04T02:00:00+00:00"} for lead in ids]
    return scene.shown("ann", "several", topic="response.taken_back", each=each, leads=ids)


@sample("collected")
def collected(scene: Scene) -> Shown:
    ids = [scene.id_of(scene.lead(owner="ann", name=name)) for name in FOUR]
    found = [held(scene, "ann", "lead.assigned", lead=lead, by=scene.acme.member["mia"]) for lead in ids]
    found.append(held(scene, "ann", "pool.arrived", pool=scene.acme.pool["open"], leads=[scene.id_of(scene.lead())]))
    return scene.shown("ann", "collected", messages=found)


@sample("collected-missed")
def collected_missed(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="ann"))
    held(scene, "ann", "lead.touched", lead=lead, touches=2, source=None)
    return scene.say("ann", "notify missed")


@sample("collected-none")
def collected_none(scene: Scene) -> Shown:
    return scene.say("ann", "notify missed")


@sample("notify")
def notify(scene: Scene) -> Shown:
    return scene.say("ann", "notify")


@sample("notify-tuned")
def notify_tuned(scene: Scene) -> Shown:
    for words in ("warnings off", "pool only digest", "reminders off", "quiet 21:00-8:00", "max 20", "leads wecom"):
        scene.say("mia", f"notify {words}")
    scene.say("mia", f"mute {scene.lead(owner='ann')}")
    return scene.say("mia", "notify copies off")


@sample("notify_topic")
def notify_topic(scene: Scene) -> Shown:
    return scene.say("ann", "notify leads")


@sample("notify_topic-off")
def notify_topic_off(scene: Scene) -> Shown:
    for group in GROUPS:
        scene.say("mia", f"notify {group} off")
    return scene.tap("mia", "notify.topic", "reminders")


@sample("notify_quiet_form")
def notify_quiet_form(scene: Scene) -> Shown:
    return scene.tap("ann", "notify.quiet")


@sample("muted")
def muted(scene: Scene) -> Shown:
    return scene.say("ann", f"mute {scene.lead(owner='ann')}")


@sample("muted-until")
def muted_until(scene: Scene) -> Shown:
    return scene.say("ann", f"mute {scene.lead(owner='ann')} for 3 days")


@sample("muted-ended")
def muted_ended(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.say("ann", f"mute {ref}")
    return scene.say("ann", f"unmute {ref}")


@sample("told")
def told(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="ann"))
    message = held(scene, "ann", "lead.touched", lead=lead, touches=2, source=None)
    return scene.shown("ann", "told", message=message)


@sample("told-list")
def told_list(scene: Scene) -> Shown:
    leads = [scene.id_of(scene.lead(owner="ann", name=name)) for name in FOUR]
    message = held(scene, "ann", "leads.recycled", leads=leads, run=0)
    return scene.shown("ann", "told", message=message)


@sample("digest_order")
def digest_order(scene: Scene) -> Shown:
    return scene.say("mia", "digest weekly monday 17:30")


@sample("digest_order-several")
def digest_order_several(scene: Scene) -> Shown:
    scene.say("ada", "digest north daily")
    return scene.say("ada", "digest south 8:00")


@sample("digest_order-off")
def digest_order_off(scene: Scene) -> Shown:
    scene.say("mia", "digest weekly")
    return scene.say("mia", "digest off")


@sample("digest-week")
def digest_week(scene: Scene) -> Shown:
    scene.say("mia", "digest weekly")
    scene.lead(owner="ann")
    scene.falls_due(days=3)
    return scene.owed("digest", "mia")
