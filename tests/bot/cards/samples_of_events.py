"""Samples of the cards about forms and events."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules.arrival import Arrival
from crm.services import event_guests, events, forms, intake, sources
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown

EXPO = "event new Spring Expo, Hall 3, Saturday 2pm, @Ann Li @Bob Chen"
WORDS = ("form-of-0", "form-of-1", "form-of-2", "spring-expo")
_FREE = (
    "update form set word = word || '-' || org_id where org_id = :o and word = :word",
    "update event set word = word || '-' || org_id where org_id = :o and word = :word",
)
_FIXED = (
    """
    update form set word = 'form-of-' || (source_id - (select min(id) from source where org_id = :o))
    where org_id = :o
    """,
    "update event set word = 'spring-expo' where org_id = :o and name = 'Spring Expo'",
    """
    update event_link k set word = 'h' || rank from (
        select id, row_number() over (order by member_id) as rank from event_link where org_id = :o
    ) r where k.org_id = :o and k.id = r.id
    """,
)


def fixed(scene: Scene) -> None:
    """From now on the addresses are always the same: words that companies of other samples have make way."""
    for word in WORDS:
        with scene.database.begin() as uow:
            found = forms.locate(uow, word)
        if found is not None:
            with scene.database.begin(found.org_id) as uow:
                for statement in _FREE:
                    uow.session.execute(text(statement), {"o": found.org_id, "word": word})
    for statement in _FIXED:
        scene.write(statement)


def made(scene: Scene) -> Shown:
    """An event whose addresses are always the same."""
    shown = scene.say("mia", EXPO)
    fixed(scene)
    return shown


def visited(scene: Scene) -> None:
    """Somebody whom Ann brought registered and is there; somebody else asks. Ann has the lead."""
    made(scene)
    with scene.uow() as uow:
        event = events.find(uow, "Spring Expo")
        source, link = sources.get(uow, event.source_id), events.helpers(uow, event.id)[0].word
        arrival = Arrival(name="Lu Wei", company="Lucky Tea", phone="13800138000")
        ref = intake.take_in(uow, source=source, arrival=arrival).ref
        event_guests.register(uow, event, event_guests.lead_of(uow, ref), link=link)
    scene.say("mia", f"assign {ref} @Ann")
    with scene.uow() as uow:
        event_guests.sign_in(uow, event, phone="+8613800138000")
        known = event_guests.known(uow, event, phone="+8613800138000")
        event_guests.ask(uow, event, words="Is there an English one?", lead=known, link="", sending="1")
        event_guests.ask(uow, event, words="Where is the hall?", lead=None, link="", sending="2")


@sample("event")
def event(scene: Scene) -> Shown:
    return made(scene)


@sample("event-figures")
def event_figures(scene: Scene) -> Shown:
    visited(scene)
    scene.say("mia", "event material Spring Expo, Brochure https://www.example.com/brochure")
    return scene.say("mia", "event Spring Expo")


@sample("event-closed")
def event_closed(scene: Scene) -> Shown:
    made(scene)
    return scene.say("mia", "event close Spring Expo")


@sample("event-seen_by_a_rep")
def event_of_a_rep(scene: Scene) -> Shown:
    made(scene)
    return scene.say("ann", "event spring")


@sample("event-gone")
def event_gone(scene: Scene) -> Shown:
    number = made(scene).reply.args["event"]
    scene.say("mia", "undo")
    return scene.shown("mia", "event", event=number, note="", base="https://crm.example.com")


@sample("events")
def events_(scene: Scene) -> Shown:
    visited(scene)
    scene.say("mia", "event new Open day, our office, Friday 10am")
    scene.say("mia", "event close Open day")
    return scene.say("mia", "events")


@sample("events-none")
def events_none(scene: Scene) -> Shown:
    return scene.say("mia", "events")


@sample("event_undone")
def event_undone(scene: Scene) -> Shown:
    made(scene)
    return scene.say("mia", "undo")


@sample("signed_in")
def signed_in(scene: Scene) -> Shown:
    visited(scene)
    return scene.owed("event.signed_in")


@sample("event_question")
def event_question(scene: Scene) -> Shown:
    visited(scene)
    return scene.owed("event.question", "ann")


@sample("event_question-due")
def event_question_due(scene: Scene) -> Shown:
    """Nobody answered within the hour."""
    visited(scene)
    scene.falls_due(hours=1)
    return scene.owed("event.question_due", "ann")


@sample("event_question-done")
def event_question_done(scene: Scene) -> Shown:
    visited(scene)
    shown = scene.owed("event.question", "mia")
    scene.tap("mia", "task.done", str(shown.reply.args["task"]))
    return shown


@sample("form_page")
def form_page(scene: Scene) -> Shown:
    scene.say("ada", "form web fields name*, wechat*, note")
    scene.say("ada", "form web title zh 来喝茶")
    scene.say("ada", "form web embed https://www.example.com shop.example.com")
    shown = scene.say("ada", "form web code off")
    fixed(scene)
    return shown
