"""Samples of the cards for getting on, for managers and for setting up."""

from __future__ import annotations

from dataclasses import replace

from crm.services import fetches, source_watch
from crm.services.source_watch import WRONG_KEY
from crm.services.sources import find as find_source
from tests.bot.cards.samples import a_call, sample
from tests.bot.cards.scene import GROUP, Scene, Shown


@sample("help")
def help_(scene: Scene) -> Shown:
    return scene.say("ann", "help")


@sample("help-word")
def help_word(scene: Scene) -> Shown:
    return scene.say("ann", "help claim")


@sample("help-unknown")
def help_unknown(scene: Scene) -> Shown:
    return scene.say("ann", "help clam")


@sample("help-admin")
def help_admin(scene: Scene) -> Shown:
    return scene.say("ada", "help setup")


@sample("help-manager")
def help_manager(scene: Scene) -> Shown:
    return scene.say("mia", "help managers")


@sample("tour")
def tour(scene: Scene) -> Shown:
    return scene.say("ann", "start")


@sample("tour-2")
def tour_2(scene: Scene) -> Shown:
    scene.lead()
    return scene.tap("ann", "tour", "2")


@sample("tour-3")
def tour_3(scene: Scene) -> Shown:
    return scene.tap("ann", "tour", "3")


@sample("language")
def language(scene: Scene) -> Shown:
    return replace(scene.say("bob", "lang en"), viewer="ann")


@sample("duty-on")
def duty_on(scene: Scene) -> Shown:
    return scene.say("ann", "on")


@sample("duty-off")
def duty_off(scene: Scene) -> Shown:
    return scene.say("ann", "off")


@sample("dismissed")
def dismissed(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.dismiss")


@sample("late")
def late(scene: Scene) -> Shown:
    return scene.shown("ann", "late")


@sample("failed")
def failed(scene: Scene) -> Shown:
    return scene.shown("ann", "failed", token="a1b2c3")


@sample("refused")
def refused(scene: Scene) -> Shown:
    return scene.say("ann", "clam L-1")


@sample("refused-unknown")
def refused_unknown(scene: Scene) -> Shown:
    return scene.say("ann", "xyzzy foo bar")


@sample("refused-full")
def refused_full(scene: Scene) -> Shown:
    return scene.shown("ann", "refused", code="capacity_reached", data={"held": 30, "limit": 30})


@sample("refused-cooling")
def refused_cooling(scene: Scene) -> Shown:
    ref = scene.lead()
    scene.say("ann", f"claim {ref}")
    scene.say("ann", f"release {ref} no time")
    return scene.say("ann", f"claim {ref}")


@sample("handed_over")
def handed_over(scene: Scene) -> Shown:
    for name in ("Lu Wei", "周敏"):
        scene.lead(name=name)
    return scene.say("mia", "assign 2 @Ann")


@sample("handed_over-nothing")
def handed_over_nothing(scene: Scene) -> Shown:
    return scene.say("mia", "assign 2 @Ann")


@sample("transferred_all")
def transferred_all(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    return scene.say("mia", "transfer @Ann @Bob")


@sample("why")
def why(scene: Scene) -> Shown:
    scene.say("bob", "off")
    ref = scene.dealt(region="East", level="A")
    return scene.say("mia", f"why {ref}")


@sample("why-recycled")
def why_recycled(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    scene.falls_due(days=9)
    return scene.say("mia", f"why {ref}")


@sample("why-nothing")
def why_nothing(scene: Scene) -> Shown:
    return scene.say("ann", f"why {scene.lead(owner='ann')}")


@sample("funnel")
def funnel(scene: Scene) -> Shown:
    some_weeks(scene)
    return scene.say("mia", "funnel month")


@sample("funnel_by")
def funnel_by(scene: Scene) -> Shown:
    funnel(scene)
    scene.say("ada", "cost web 900 this month")
    return scene.say("ada", "funnel by source this month")


@sample("funnel_me")
def funnel_me(scene: Scene) -> Shown:
    some_weeks(scene)
    return scene.say("ann", "funnel me")


@sample("digest")
def digest(scene: Scene) -> Shown:
    some_weeks(scene)
    shown = scene.say("mia", "digest")
    return replace(shown, viewer=GROUP)


@sample("bound")
def bound(scene: Scene) -> Shown:
    return scene.say("mia", "here North", conversation="C1")


@sample("channel_broken")
def channel_broken(scene: Scene) -> Shown:
    return scene.shown("mia", "channel_broken", group="North", cause="channel_not_found")


@sample("made_admin")
def made_admin(scene: Scene) -> Shown:
    return scene.say("ada", "admin @Ann")


@sample("unmade_admin")
def unmade_admin(scene: Scene) -> Shown:
    scene.say("ada", "admin @Ann")
    return scene.say("ada", "admin remove @Ann")


@sample("link_code")
def link_code(scene: Scene) -> Shown:
    shown = scene.say("ada", "admin code @Ann")
    return replace(shown, reply=replace(shown.reply, once={"code": "K7MWPX2A"}))


@sample("sources")
def sources(scene: Scene) -> Shown:
    scene.say("ada", "sources new Trade fair")
    scene.say("ada", "sources off trade-fair")
    return scene.say("ada", "sources")


@sample("source")
def source(scene: Scene) -> Shown:
    heard(scene)
    scene.say("ada", "cost web 3000 this month")
    scene.lead(name="Grace")
    return scene.say("ada", "cost web campaign spring 1200 this month")


@sample("source_silent")
def source_silent(scene: Scene) -> Shown:
    return quiet(scene, "source_silent")


@sample("source_back")
def source_back(scene: Scene) -> Shown:
    return quiet(scene, "source_back")


def quiet(scene: Scene, card: str) -> Shown:
    heard(scene)
    with scene.uow() as uow:
        since = uow.now.isoformat()
    return scene.shown("ada", card, source=scene.acme.source_id, since=since)


def heard(scene: Scene) -> None:
    """A hundred and forty posts, of which four were wrong; the pause that is usual is known."""
    phone = ("phone", "This is not a valid phone number.")
    with scene.uow() as uow:
        refused = {phone: 3, ("", WRONG_KEY): 1}
        source_watch.count(uow, source_id=scene.acme.source_id, accepted=140, rejected=4, refused=refused)
    scene.write("update source set usual_pause = 234000 where org_id = :o and id = :s", s=scene.acme.source_id)


@sample("source_key")
def source_key(scene: Scene) -> Shown:
    shown = scene.say("ada", "sources new Trade fair")
    return replace(shown, reply=replace(shown.reply, once={"key": "sk_1234567890"}))


@sample("source_key-rotated")
def source_key_rotated(scene: Scene) -> Shown:
    scene.say("ada", "sources new Trade fair")
    shown = scene.say("ada", "sources rotate trade-fair")
    return replace(shown, reply=replace(shown.reply, once={"key": "sk_2345678901"}))


@sample("source_key-meta")
def source_key_of_a_vendor(scene: Scene) -> Shown:
    shown = scene.say("ada", "sources new Spring ads using meta")
    return replace(shown, reply=replace(shown.reply, once={"key": "sk_1234567890"}))


@sample("source_key-mail")
def source_key_of_mail(scene: Scene) -> Shown:
    shown = scene.say("ada", "sources new Inbox using email")
    return replace(shown, reply=replace(shown.reply, once={"key": "sk_1234567890"}))


@sample("source_key-feed")
def source_key_of_a_feed(scene: Scene) -> Shown:
    shown = scene.say("ada", "sources new Product using feed")
    return replace(shown, reply=replace(shown.reply, once={"key": "sk_1234567890"}))


@sample("source-meta")
def source_of_a_vendor(scene: Scene) -> Shown:
    unfetched(scene)
    return scene.say("ada", "sources spring-ads")


@sample("source_not_fetched")
def source_not_fetched(scene: Scene) -> Shown:
    return scene.shown("ada", "source_not_fetched", source=unfetched(scene))


def unfetched(scene: Scene) -> int:
    """A vendor's source that announced three leads and does not hand over two of them."""
    scene.say("ada", "sources new Spring ads using meta")
    with scene.uow() as uow:
        found = find_source(uow, "spring-ads")
        for number in "123":
            fetches.announce(uow, found, own_id=number, data={})
    scene.write(
        "update owed_fetch set state = 'failed', cause = 'page token refused (HTTP 400, code 190)'"
        " where org_id = :o and own_id <> '3'"
    )
    return found.id


@sample("source_key-again")
def source_key_again(scene: Scene) -> Shown:
    shown = source_key(scene)
    return replace(shown, reply=replace(shown.reply, once={"key": None}))


def some_weeks(scene: Scene) -> None:
    """Leads that came in, were called, and were won or not."""
    a_call(scene)
    for number in range(4):
        ref = scene.lead(owner="bob" if number % 2 else "ann", name=f"Lu {number}")
        scene.say("bob" if number % 2 else "ann", f"log {ref} called, interested")
    scene.say("ann", f"won {ref} 12000" if number % 2 == 0 else f"won {scene.lead(owner='ann')} 9000")
    scene.time.advance(days=1)
