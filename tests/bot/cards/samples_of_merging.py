"""Samples of the cards about customers who are one."""

from __future__ import annotations

from datetime import timedelta

from crm import jobs
from crm.rules.access import Actor
from crm.services import leads, merging
from crm.uow import UnitOfWork
from tests import build
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


def two(scene: Scene) -> tuple[str, str]:
    """Ann's lead, which she has had for longer, and Bob's lead of the same customer."""
    older = build.NOW - timedelta(days=9)
    return scene.lead(owner="ann", name="Lu Wei", assigned_at=older), scene.lead(owner="bob", name="Lu Wei")


def shown(scene: Scene, who: str, ref: str, other: str) -> Shown:
    """The tap that does what was previewed."""
    preview = scene.say(who, f"merge {ref} {other}")
    return scene.tap(who, "merge.confirm", f"{ref} {other} {preview.reply.args['losing']}")


@sample("merge_preview")
def merge_preview(scene: Scene) -> Shown:
    ref, other = two(scene)
    return scene.say("mia", f"merge {ref} {other}")


@sample("merge_preview-free")
def merge_preview_free(scene: Scene) -> Shown:
    return scene.say("mia", f"merge {scene.lead()} {scene.lead(name='Lu Wei 2')}")


@sample("merge_preview-kept")
def merge_preview_kept(scene: Scene) -> Shown:
    return scene.say("mia", f"合并 {scene.lead(owner='ann')} {scene.lead(name='周敏')}")


@sample("merge_pick")
def merge_pick(scene: Scene) -> Shown:
    ref, _other = two(scene)
    return scene.say("mia", f"merge {ref} Lu Wei")


@sample("merge_pick-nobody")
def merge_pick_nobody(scene: Scene) -> Shown:
    return scene.say("mia", f"merge {scene.lead(owner='ann')}")


@sample("merge_done")
def merge_done(scene: Scene) -> Shown:
    return shown(scene, "mia", *two(scene))


@sample("merge_done-own")
def merge_done_own(scene: Scene) -> Shown:
    return shown(scene, "ann", scene.lead(owner="ann"), scene.lead(owner="ann", name="陆伟"))


@sample("merge_lost")
def merge_lost(scene: Scene) -> Shown:
    merge_done(scene)
    return scene.owed("lead.merged_away", "bob")


@sample("merge_lost-rule")
def merge_lost_by_rule(scene: Scene) -> Shown:
    _by_rule(scene)
    return scene.owed("lead.merged_away", "bob")


@sample("merge_gained")
def merge_gained(scene: Scene) -> Shown:
    merge_done(scene)
    return scene.owed("lead.merged", "ann")


@sample("merge_gained-rule")
def merge_gained_by_rule(scene: Scene) -> Shown:
    _by_rule(scene)
    return scene.owed("lead.merged", "ann")


def _by_rule(scene: Scene) -> None:
    ref, other = two(scene)

    def person(uow: UnitOfWork, mia: Actor, of: str) -> int:
        return leads.access(uow, actor=mia, ref=of).person_id

    with scene.uow() as uow:
        mia = scene.viewer(uow, "mia")
        merging.join(uow, person(uow, mia, ref), person(uow, mia, other), by=None, how="policy")


@sample("merge_undone")
def merge_undone(scene: Scene) -> Shown:
    ref, other = two(scene)
    shown(scene, "mia", ref, other)
    return scene.say("mia", f"拆分 {other}")


@sample("merge_undone-pooled")
def merge_undone_pooled(scene: Scene) -> Shown:
    with scene.uow() as uow:
        build.rule_set(uow, "claim: {capacity: {default: 1}}")
    ref, other = two(scene)
    shown(scene, "mia", ref, other)
    scene.lead(owner="bob", name="Zoe")
    return scene.say("mia", f"unmerge {other}")


@sample("merge_undone-kept")
def merge_undone_kept(scene: Scene) -> Shown:
    ref, other = two(scene)
    scene.say("bob", f"lost {other} too dear")
    more = scene.lead(name="Lu Wei")
    scene.write(
        "update lead set person_id = (select person_id from lead where org_id = :o and number = :a)"
        " where org_id = :o and number = :b", a=int(more[2:]), b=int(other[2:]),
    )  # fmt: skip
    shown(scene, "mia", ref, more)
    scene.say("ann", f"lost {ref} too dear")
    scene.say("bob", f"stage {other} contacted")
    return scene.say("mia", f"unmerge {more}")


@sample("merge_parted")
def merge_parted(scene: Scene) -> Shown:
    merge_undone(scene)
    return scene.owed("lead.unmerged", "bob")


@sample("merge_parted-full")
def merge_parted_full(scene: Scene) -> Shown:
    merge_undone_pooled(scene)
    return scene.owed("lead.unmerged", "bob")


@sample("lead-merged")
def lead_that_stands_for_another(scene: Scene) -> Shown:
    ref, other = two(scene)
    shown(scene, "mia", ref, other)
    return scene.say("ann", f"lead {other}")


# Who looks like somebody known


KNOWN = {"name": "王芳", "firm": "上海腾云科技有限公司"}


def comes(scene: Scene, owner: str = "ann") -> None:
    """Somebody has come in, and been dealt to Bob, who looks like a customer of that owner."""
    scene.lead(owner=owner, **KNOWN)
    newest = scene.lead(owner="bob", name="王芳", firm="腾云", phone="+8613911112222")
    jobs.look_for_duplicates(scene.database, org_id=scene.acme.org_id, lead_ids=[scene.id_of(newest)])


def asks(scene: Scene) -> Shown:
    """Bob asks before he enters somebody like Ann's customer."""
    scene.lead(owner="ann", **KNOWN)
    preview = scene.say("bob", "new 王芳 腾云科技有限公司 13911112222")
    return scene.tap("bob", "duplicate.ask", str(preview.reply.args["job"]))


def answers(scene: Scene, answer: str) -> Shown:
    pair = scene.owed("duplicate.found", "mia").reply.args["pair"]
    return scene.tap("mia", "duplicate.decide", f"{pair} {answer}")


@sample("duplicate_found")
def duplicate_found(scene: Scene) -> Shown:
    comes(scene)
    return scene.owed("duplicate.found", "mia")


@sample("duplicate_found-asked")
def duplicate_found_asked(scene: Scene) -> Shown:
    asks(scene)
    return scene.owed("duplicate.found", "mia")


@sample("duplicate_found-decided")
def duplicate_found_decided(scene: Scene) -> Shown:
    comes(scene)
    return answers(scene, "same")


@sample("duplicate_found-late")
def duplicate_found_late(scene: Scene) -> Shown:
    comes(scene)
    scene.falls_due(hours=25)
    return scene.owed("duplicate.found", "mia")


@sample("duplicate_found-not_asked")
def duplicate_found_not_asked(scene: Scene) -> Shown:
    comes(scene)
    return Shown("bob", scene.owed("duplicate.found", "mia").reply)


@sample("duplicate_asked")
def duplicate_asked(scene: Scene) -> Shown:
    return asks(scene)


@sample("duplicate_answered")
def duplicate_answered(scene: Scene) -> Shown:
    asks(scene)
    answers(scene, "different")
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_answered-same")
def duplicate_answered_same(scene: Scene) -> Shown:
    asks(scene)
    answers(scene, "same")
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_answered-transfer")
def duplicate_answered_transfer(scene: Scene) -> Shown:
    asks(scene)
    answers(scene, "transfer")
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_answered-full")
def duplicate_answered_full(scene: Scene) -> Shown:
    asks(scene)
    with scene.uow() as uow:
        build.rule_set(uow, "claim: {capacity: {default: 0}}")
    answers(scene, "different")
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_answered-late")
def duplicate_answered_late(scene: Scene) -> Shown:
    asks(scene)
    scene.falls_due(hours=25)
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_answered-share")
def duplicate_answered_share(scene: Scene) -> Shown:
    asks(scene)
    answers(scene, "share")
    return scene.owed("duplicate.answered", "bob")


@sample("duplicate_shared")
def duplicate_shared(scene: Scene) -> Shown:
    asks(scene)
    answers(scene, "share")
    return scene.owed("duplicate.shared", "ann")


@sample("lead-spoken_with")
def spoken_with(scene: Scene) -> Shown:
    ref = duplicate_answered_share(scene).reply.args["lead"]
    scene.say("ann", "log L-1001 called, wants a quote")
    scene.time.advance(hours=1)
    with scene.uow() as uow:
        number = leads.number_of(uow, ref)
    return scene.say("bob", f"lead L-{number}")


@sample("preview-alike")
def preview_alike(scene: Scene) -> Shown:
    scene.lead(owner="ann", **KNOWN)
    return scene.say("bob", "new 王芳 腾云科技有限公司 13911112222")


@sample("preview-alike_own")
def preview_alike_own(scene: Scene) -> Shown:
    scene.lead(owner="bob", **KNOWN)
    return scene.say("bob", "new 王芳 腾云科技有限公司 13911112222")


@sample("preview-known")
def preview_known(scene: Scene) -> Shown:
    """A colleague's customer was recognised: nothing to save, but the manager can be asked."""
    scene.lead(owner="ann", phone="+8613911112222", **KNOWN)
    return scene.say("bob", "new 王芳 13911112222")


@sample("merge_pick-alike")
def merge_pick_alike(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", **KNOWN)
    scene.lead(name="王芳", firm="腾云", owner="bob")
    return scene.say("mia", f"merge {ref}")


@sample("merge_pick-no_lead")
def merge_pick_no_lead(scene: Scene) -> Shown:
    ref, other = scene.lead(owner="ann", **KNOWN), scene.lead(name="王芳", firm="腾云")
    scene.write("update lead set status = 'void' where org_id = :o and number = :n", n=int(other[2:]))
    return scene.say("ada", f"merge {ref}")


@sample("merge_done-no_lead")
def merge_done_no_lead(scene: Scene) -> Shown:
    picked = merge_pick_no_lead(scene)
    row = next(block for block in scene.draw(picked).blocks if getattr(block, "buttons", ()))
    return scene.tap("ada", "merge.person", row.buttons[0].value)
