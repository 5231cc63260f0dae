"""Samples of the cards about one customer's data, and about who looked at it."""

from __future__ import annotations

from dataclasses import replace

from crm.services import erasing, leads, members
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def person_of(scene: Scene, ref: str) -> int:
    """Whose lead it is."""
    with scene.uow() as uow:
        return leads.access(uow, actor=members.get(uow, scene.acme.member["ada"]), ref=ref).person_id


def erased(scene: Scene, ref: str) -> None:
    """The customer of that lead, as the job does it."""
    ada = scene.acme.member["ada"]
    with scene.uow() as uow:
        made = erasing.erase(uow, person_of(scene, ref), by=ada, basis="request")
        assert made is not None
        uow.notify("person.erased", to=ada, key=f"erasure:{made.id}", data={"erasure": made.id})


def linked(shown: Shown, address: str = "https://crm.example.com/export/a-word") -> Shown:
    """With an address that is the same in every run; without one, as the card is drawn again later."""
    return replace(shown, reply=replace(shown.reply, once={"address": address}))


@sample("privacy_export")
def privacy_export(scene: Scene) -> Shown:
    return linked(scene.say("ada", f"privacy export {scene.lead(owner='ann', phone='+8613800001111')}"))


@sample("privacy_export-kept")
def privacy_export_kept(scene: Scene) -> Shown:
    return linked(scene.say("ada", f"隐私 导出 {scene.lead(owner='ann')}"), "")


@sample("privacy_erase")
def privacy_erase(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", phone="+8613800001111")
    scene.say("ann", f"note {ref} speaks French")
    return scene.say("ada", f"privacy erase {ref}")


@sample("privacy_done-erasing")
def privacy_done_erasing(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    return scene.tap("ada", "privacy.erase_now", f"{ref} {person_of(scene, ref)}")


@sample("privacy_done-stopped")
def privacy_done_stopped(scene: Scene) -> Shown:
    return scene.say("ada", f"privacy stop {scene.lead(owner='ann')} a dispute is pending")


@sample("privacy_done-resumed")
def privacy_done_resumed(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.say("ada", f"privacy stop {ref} a dispute is pending")
    return scene.say("ada", f"privacy resume {ref}")


@sample("privacy_done-allowed")
def privacy_done_allowed(scene: Scene) -> Shown:
    erased(scene, scene.lead(owner="ann", phone="+8613800001111"))
    return scene.say("ada", "privacy allow 13800001111")


@sample("privacy_done-free")
def privacy_done_free(scene: Scene) -> Shown:
    return scene.say("ada", "privacy allow 13800001112")


@sample("lead-set_aside")
def lead_set_aside(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.say("ada", f"privacy stop {ref} a dispute is pending")
    return scene.say("ann", f"lead {ref}")


@sample("lead-erased")
def lead_erased_card(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", phone="+8613800001111")
    scene.say("ann", f"note {ref} speaks French")
    erased(scene, ref)
    return scene.say("ada", f"lead {ref}")


@sample("lead_erased")
def lead_erased(scene: Scene) -> Shown:
    erased(scene, scene.lead(owner="ann"))
    return scene.owed("lead.erased", "ann")


@sample("person_erased")
def person_erased(scene: Scene) -> Shown:
    erased(scene, scene.lead(owner="ann"))
    return scene.owed("person.erased", "ada")


@sample("erased")
def drawn_over(scene: Scene) -> Shown:
    return scene.shown("ann", "erased")


@sample("reveals")
def reveals(scene: Scene) -> Shown:
    scene.say("ann", f"reveal {scene.lead(phone='+8613800001111')}")
    return scene.say("mia", "reveals week")


@sample("reveals-nobody")
def reveals_nobody(scene: Scene) -> Shown:
    return scene.say("mia", "查看记录 本周")


@sample("export_file")
def export_file(scene: Scene) -> Shown:
    return linked(scene.say("ada", "export audit week"))


@sample("export_file-reveals")
def export_file_reveals(scene: Scene) -> Shown:
    return linked(scene.say("mia", "导出 查看记录 本周"))
