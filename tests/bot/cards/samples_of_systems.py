"""Samples of the cards for admins who connect other systems, and who do without some of Sluice."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from crm.services import hook_calls, hooks
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


@sample("modules")
def modules(scene: Scene) -> Shown:
    return scene.say("ada", "modules off digests")


@sample("tokens")
def tokens(scene: Scene) -> Shown:
    scene.say("ada", "tokens new warehouse leads:read credits:read 90d")
    scene.say("ada", "tokens new ERP")
    return scene.say("ada", "tokens")


@sample("token_made")
def token_made(scene: Scene) -> Shown:
    shown = scene.say("ada", "tokens new warehouse leads:read contacts:read 90d")
    return replace(shown, reply=replace(shown.reply, once={"token": "slc_1_K7MWPX2AK7MWPX2AK7MWPX2AK7MWPX2A"}))


@sample("hooks")
def hook_list(scene: Scene) -> Shown:
    scene.say("ada", "hooks new https://erp.acme.example/in lead.won lead.lost with contact")
    scene.say("ada", "hooks new https://bi.acme.example/in")
    with scene.uow() as uow:
        first, second = hooks.listing(uow)
        hook_calls.test(uow, first)
        uow.session.flush()
        uow.session.execute(
            text("update hook_call set state = 'dead', cause = '500' where hook_id = :h"), {"h": first.id}
        )
        hooks.fail(uow, second, "NameUnknown")
    return scene.say("ada", f"hooks replay {first.number} 7d")


@sample("dead")
def dead(scene: Scene) -> Shown:
    owe = text(
        "insert into message (org_id, id, topic, key, card, state, cause, attempt, created_at, due_at)"
        " select :org, 1000000000 + g, cast(:topic as text), 'k' || g, '{}', 'dead', cast(:cause as text), 9,"
        " cast(:now as timestamptz), :now from generate_series(cast(:first as int), cast(:last as int)) as g"
    )
    with scene.uow() as uow:
        common = {"org": uow.org_id, "now": uow.now}
        gone = {"topic": "lead.recycled", "cause": "channel_not_found", "first": 1, "last": 3}
        uow.session.execute(owe, common | gone)
        uow.session.execute(owe, common | {"topic": "tour", "cause": "user_not_found", "first": 4, "last": 4})
    return scene.say("ada", "dead")


@sample("hook_made")
def hook_made(scene: Scene) -> Shown:
    shown = scene.say("ada", "hooks new https://erp.acme.example/in lead.won")
    return replace(shown, reply=replace(shown.reply, once={"secret": "whsec_K7MWPX2AK7MWPX2AK7MWPX2AK7MWPX2A"}))


@sample("hook_failed")
def hook_failed(scene: Scene) -> Shown:
    return scene.shown("ada", "hook_failed", hook=3, cause="410")
