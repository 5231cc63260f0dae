"""Samples of the cards about who works here: teams, duty, leaving, handing over and coming back."""

from __future__ import annotations

from datetime import timedelta

from crm import jobs
from crm.services import hand_overs, leaving, splitting
from tests import build
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def gone(scene: Scene, leads: int = 3) -> int:
    """Ann, who had leads of which one was talked about, has left as WeCom says; her id."""
    for number in range(leads):
        name = ("周敏", "Lu Wei", "Zoe", "Grace", "陈静", "Mary")[number % 6]
        scene.lead(owner="ann", name=name, firm="Tea House", region="East", amount=5000, currency="CNY")
    if leads:
        scene.say("ann", "log 周敏 called, wants a quote, call back tomorrow 3pm")
    scene.write("update pool set admin_id = :m where org_id = :o and key = 'north'", m=scene.acme.member["ann"])
    with scene.uow() as uow:
        user = build.external("wecom", "ann", uow.org_id)
        leaving.sign_off(uow, workspace_id=scene.acme.workspace["wecom"], external_id=user)
    return scene.acme.member["ann"]


def hand_over(scene: Scene) -> str:
    """The number of the only hand-over."""
    with scene.uow() as uow:
        found = hand_overs.last_of(uow, scene.acme.member["ann"])
    return str(found.id if found else 0)


@sample("member_left-region")
def by_region(scene: Scene) -> Shown:
    return scene.tap("mia", "member.split", f"{gone(scene)} region")


@sample("member_left-one")
def all_to_one(scene: Scene) -> Shown:
    return scene.tap("mia", "member.split", f"{gone(scene)} one:{scene.acme.member['bob']}")


@sample("member_left-nothing")
def nothing_to_hand_over(scene: Scene) -> Shown:
    return scene.say("ada", "member left @Dan")


@sample("member_left-manager")
def a_manager_left(scene: Scene) -> Shown:
    scene.lead(owner="mia")
    return scene.say("ada", "member left @Mia")


@sample("member_left-admin")
def the_last_admin_left(scene: Scene) -> Shown:
    with scene.uow() as uow:
        user = build.external("wecom", "ada", uow.org_id)
        leaving.sign_off(uow, workspace_id=scene.acme.workspace["wecom"], external_id=user)
    return scene.owed("member.left")


@sample("hand_over_done")
def hand_over_done(scene: Scene) -> Shown:
    gone(scene)
    return scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")


@sample("member_left-changed")
def another_proposal_by_now(scene: Scene) -> Shown:
    gone(scene)
    return scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load {splitting.mark([])}")


@sample("member_left-done")
def member_left_done(scene: Scene) -> Shown:
    member = gone(scene)
    scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")
    return scene.tap("mia", "member.split", f"{member} load")


@sample("hand_over_back")
def hand_over_back(scene: Scene) -> Shown:
    gone(scene)
    scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")
    return scene.tap("mia", "hand_over.back", hand_over(scene))


@sample("briefing")
def briefing(scene: Scene) -> Shown:
    gone(scene, 6)
    scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")
    return scene.owed("leads.taken_over")


@sample("briefing-second")
def second_page(scene: Scene) -> Shown:
    gone(scene, 6)
    scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")
    return scene.tap("bob", "briefing", f"{hand_over(scene)} 1")


@sample("member_back")
def member_back(scene: Scene) -> Shown:
    gone(scene)
    scene.tap("mia", "hand_over.do", f"{hand_over(scene)} load")
    return scene.say("mia", "member back @Ann")


@sample("member_back-before")
def back_before(scene: Scene) -> Shown:
    gone(scene)
    return scene.say("mia", "member @Ann back")


@sample("member_timed_out")
def member_timed_out(scene: Scene) -> Shown:
    gone(scene)
    scene.time.advance(hours=24 * 8)
    jobs.hand_over(scene.database, scene.acme.org_id)
    return scene.owed("member.timed_out")


@sample("member")
def member(scene: Scene) -> Shown:
    scene.say("mia", "duty @Ann Mon-Fri 9-18")
    return scene.say("ada", "member @Ann")


@sample("member-left")
def member_who_left(scene: Scene) -> Shown:
    gone(scene)
    scene.time.set(scene.time() + timedelta(hours=3))
    return scene.say("mia", "member @Ann")


@sample("member_form")
def member_form(scene: Scene) -> Shown:
    return scene.tap("ada", "member.change", str(scene.acme.member["ann"]))


@sample("people")
def people(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    scene.say("cyd", "off")
    return scene.say("ada", "people")


@sample("people-team")
def people_of_a_team(scene: Scene) -> Shown:
    return scene.say("bob", "people North")


@sample("teams")
def teams(scene: Scene) -> Shown:
    return scene.say("ada", "team new 苏州 under North")


@sample("rota")
def rota(scene: Scene) -> Shown:
    scene.say("mia", "duty @Ann Mon-Fri 9-18")
    return scene.say("mia", "值班 @Bob 周六周日 10点到14点半")


@sample("rota-none")
def no_rota(scene: Scene) -> Shown:
    return scene.say("ann", "duty")


@sample("transferred_all-duties")
def transferred_with_duties(scene: Scene) -> Shown:
    scene.lead(owner="ann")
    scene.write("update pool set admin_id = :m where org_id = :o and key = 'north'", m=scene.acme.member["ann"])
    return scene.say("mia", "transfer @Ann @Bob")
