"""Samples of the cards about customers in WeChat, and about colleagues who come and go."""

from __future__ import annotations

from crm.rules.directory import Colleague
from crm.services import address_book, leaving
from tests import build
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def added(scene: Scene, how: str, **facts: str) -> Shown:
    """Ann has added the customer of a lead in WeChat."""
    return scene.shown("ann", "contact_added", lead=scene.id_of(scene.lead(name="王芳", **facts)), how=how)


@sample("contact_added")
def contact_added(scene: Scene) -> Shown:
    return added(scene, "created", owner="ann")


@sample("contact_added-claimed")
def contact_claimed(scene: Scene) -> Shown:
    return added(scene, "claimed", owner="ann")


@sample("contact_added-attached")
def contact_attached(scene: Scene) -> Shown:
    return added(scene, "attached", owner="ann")


@sample("contact_added-pool")
def contact_in_the_pool(scene: Scene) -> Shown:
    return added(scene, "pool")


@sample("contact_added-given")
def contact_given(scene: Scene) -> Shown:
    return added(scene, "pool", owner="cyd")


@sample("contact_added-other")
def contact_of_another(scene: Scene) -> Shown:
    return added(scene, "other", owner="bob")


@sample("contact_lost")
def contact_lost(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="ann", name="王芳"))
    return scene.shown("ann", "contact_lost", lead=lead, by="customer", member=scene.acme.member["ann"])


@sample("contact_lost-removed")
def contact_removed(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="ann", name="王芳"))
    return scene.shown("ann", "contact_lost", lead=lead, by="member", member=scene.acme.member["bob"])


@sample("contact_contested")
def contact_contested(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="bob", name="王芳"))
    return scene.shown("mia", "contact_contested", lead=lead, member=scene.acme.member["ann"])


@sample("contact_contested-apart")
def contact_contested_apart(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="cyd", name="王芳"))
    return scene.shown("mia", "contact_contested", lead=lead, member=scene.acme.member["ann"])


@sample("contact_moved")
def contact_moved(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="bob", name="王芳"))
    moved = {"from": scene.acme.member["ann"], "done": True, "cause": ""}
    return scene.shown("bob", "contact_moved", lead=lead, **moved)


@sample("contact_moved-refused")
def contact_stays(scene: Scene) -> Shown:
    lead = scene.id_of(scene.lead(owner="bob", name="王芳"))
    stays = {"from": scene.acme.member["ann"], "done": False, "cause": "refused"}
    return scene.shown("bob", "contact_moved", lead=lead, **stays)


@sample("member_left")
def member_left(scene: Scene) -> Shown:
    for origin in ("company", "company", "self"):
        scene.lead(owner="ann", origin=origin)
    with scene.uow() as uow:
        user = build.external("wecom", "ann", uow.org_id)
        leaving.sign_off(uow, workspace_id=scene.acme.workspace["wecom"], external_id=user)
    return scene.owed("member.left")


@sample("member_hand_over_form")
def member_hand_over_form(scene: Scene) -> Shown:
    return scene.tap("mia", "member.hand_over", str(scene.acme.member["ann"]))


@sample("members_new")
def members_new(scene: Scene) -> Shown:
    with scene.uow() as uow:
        new = []
        for name, leads in (("Zoe Zhao", False), ("周敏", True)):
            person = Colleague(user=name, name=name, leads=leads)
            here = {"workspace_id": scene.acme.workspace["wecom"], "told_at": uow.now}
            new.append(address_book.see(uow, person=person, **here)[1])
        address_book.welcome(uow, new)
    return scene.owed("members.new")
