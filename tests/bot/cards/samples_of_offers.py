"""Samples of the cards on a lead's way to its owner: offers, a team's first tap, desks, first responses, purchases."""

from __future__ import annotations

from crm import jobs
from crm.services import dispatch
from tests import build
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import GROUP, Scene, Shown

RULE = """
first_response: [{name: all, within: 1h, nudge: 20m, copy_manager_after: 30m, reoffer_after: 2h}]
lines: {repeat: {name: Repeat purchase, after_won: 30d}}
dispatch:
- {name: repeats, when: {field: line, value: repeat}, to: {departments: [north]}}
- name: web leads
  when: {field: source, value: web}
  to: {members: [ann@acme.example, bob@acme.example]}
  strategy: direct
  nobody: hold
  mode: %s
"""


def under(scene: Scene, mode: str) -> None:
    """From now on leads are handed over in that mode."""
    with scene.uow() as uow:
        build.rule_set(uow, RULE % mode)


def offered_to(scene: Scene, *, others: bool = False) -> tuple[str, str]:
    """A lead that is on offer: its reference, and to whom. Args: others: somebody is asked next."""
    under(scene, "offer")
    if not others:
        scene.say("bob", "off")
    ref = scene.dealt(name="Lu Wei", firm="Lucky Tea", region="East", product="Tea", amount=8000)
    return ref, scene.owed("lead.offered").viewer


@sample("offered")
def offered(scene: Scene) -> Shown:
    offered_to(scene)
    return scene.owed("lead.offered")


@sample("offered-over")
def offered_over(scene: Scene) -> Shown:
    _ref, first = offered_to(scene, others=True)
    card = scene.owed("lead.offered").reply
    scene.falls_due(minutes=16)
    return Shown(first, card)


@sample("offered-taken")
def offered_taken(scene: Scene) -> Shown:
    ref, first = offered_to(scene)
    card = scene.owed("lead.offered").reply
    scene.say("mia", f"assign {ref} @Bob")
    return Shown(first, card)


@sample("offered-accepted")
def offered_accepted(scene: Scene) -> Shown:
    ref, first = offered_to(scene)
    card = scene.owed("lead.offered").reply
    scene.say(first, f"accept {ref}")
    return Shown(first, card)


@sample("decline_form")
def decline_form(scene: Scene) -> Shown:
    ref, first = offered_to(scene)
    return scene.tap(first, "offer.decline", ref)


@sample("declined")
def declined(scene: Scene) -> Shown:
    ref, first = offered_to(scene)
    return scene.say(first, f"decline {ref} not my product")


@sample("today-offered")
def today_offered(scene: Scene) -> Shown:
    _ref, first = offered_to(scene)
    return scene.say(first, "today")


@sample("why-offered")
def why_offered(scene: Scene) -> Shown:
    ref, first = offered_to(scene, others=True)
    scene.say(first, f"decline {ref} no time")
    second = scene.owed("lead.offered").viewer
    scene.say(second, f"accept {ref}")
    return scene.say("mia", f"why {ref}")


@sample("refused-on_offer")
def refused_on_offer(scene: Scene) -> Shown:
    ref, first = offered_to(scene)
    return scene.say(first, f"claim {ref}")


@sample("arrived-team")
def arrived_team(scene: Scene) -> Shown:
    under(scene, "group")
    scene.dealt(name="Lu Wei", firm="Lucky Tea", region="East")
    return Shown(GROUP, scene.owed("group.arrived").reply)


def laid_on_desk(scene: Scene) -> int:
    """Three leads on Mia's desk: the batch."""
    under(scene, "desk")
    with scene.uow() as uow:
        for number, name in enumerate(("Lu Wei", "周敏", "Jo Lee")):
            lead = build.lead(uow, scene.acme, name=name, region="East", phone=f"+861390000000{number}")
            dispatch.dispatch(uow, lead)
    return int(scene.owed("desk.batch").reply.args["run"])


@sample("desk")
def desk(scene: Scene) -> Shown:
    scene.say("bob", "off")
    laid_on_desk(scene)
    return scene.owed("desk.batch")


@sample("desk-mismatch")
def desk_mismatch(scene: Scene) -> Shown:
    scene.say("ann", "off")
    scene.say("bob", "off")
    laid_on_desk(scene)
    return scene.say("mia", "deal")


@sample("desk-clear")
def desk_clear(scene: Scene) -> Shown:
    run = laid_on_desk(scene)
    scene.tap("mia", "desk.deal", str(run))
    return scene.owed("desk.batch")


@sample("desk_dealt")
def desk_dealt(scene: Scene) -> Shown:
    scene.say("bob", "off")
    return scene.tap("mia", "desk.deal", str(laid_on_desk(scene)))


@sample("desk_dealt-refused")
def desk_dealt_refused(scene: Scene) -> Shown:
    laid_on_desk(scene)
    return scene.say("mia", "deal L-1001 @Ann, L-1002 @Cyd, L-99 @Bob")


@sample("pushed-answer_by")
def pushed_answer_by(scene: Scene) -> Shown:
    under(scene, "assign")
    scene.dealt(name="Lu Wei", firm="Lucky Tea", region="East")
    return scene.owed("lead.dispatched")


def unanswered(scene: Scene, **span: float) -> str:
    """A lead that Ann got and did not answer for so long; its reference."""
    under(scene, "assign")
    scene.say("bob", "off")
    ref = scene.dealt(name="Lu Wei", firm="Lucky Tea", region="East")
    scene.time.advance(**span)
    jobs.respond(scene.database, scene.acme.org_id)
    return ref


@sample("response_nudge")
def response_nudge(scene: Scene) -> Shown:
    unanswered(scene, minutes=45)
    return scene.owed("response.nudge")


@sample("response_nudge-answered")
def response_nudge_answered(scene: Scene) -> Shown:
    ref = unanswered(scene, minutes=45)
    scene.say("ann", f"log {ref} called, wants a quote")
    return scene.owed("response.nudge")


@sample("response_copy")
def response_copy(scene: Scene) -> Shown:
    unanswered(scene, minutes=95)
    return scene.owed("response.copy")


@sample("response_taken_back")
def response_taken_back(scene: Scene) -> Shown:
    unanswered(scene, hours=3)
    return scene.owed("response.taken_back")


@sample("why-response")
def why_response(scene: Scene) -> Shown:
    return scene.say("mia", f"why {unanswered(scene, minutes=95)}")


@sample("pushed-following")
def pushed_following(scene: Scene) -> Shown:
    under(scene, "assign")
    ref = scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea", product="Tea")
    scene.say("ann", f"log {ref} called, likes the white tea")
    scene.say("ann", f"won {ref} 8000")
    scene.time.advance(days=30)
    jobs.open_lines(scene.database, scene.acme.org_id)
    return scene.owed("lead.dispatched")
