"""The desk of a member."""

from __future__ import annotations

from sqlalchemy import text

from bot.context import Reply
from tests.bot.cards.samples import a_call, sample
from tests.bot.cards.scene import GROUP, Scene, Shown


@sample("home")
def home(scene: Scene) -> Shown:
    a_call(scene)
    scene.lead(owner="ann", name="周敏", firm="茶语", region="East")
    scene.lead(pool="open", name="Mary Poppins", firm="Tea House", score=40)
    scene.start_clocks()
    scene.time.advance(days=1)
    return Shown("ann", Reply("home"))


@sample("home-empty")
def home_empty(scene: Scene) -> Shown:
    return Shown("bob", Reply("home"))


# Looks


@sample("thread")
def thread(scene: Scene) -> Shown:
    ref = a_call(scene)
    with scene.uow() as uow:
        mine = text("select id from activity where org_id = :o and lead_id = :l order by id")
        entries = list(uow.session.scalars(mine, {"o": scene.acme.org_id, "l": scene.id_of(ref)}))
    return Shown("ann", Reply("thread", {"lead": scene.id_of(ref), "entries": entries}))


@sample("thread-gone")
def thread_gone(scene: Scene) -> Shown:
    return Shown("ann", Reply("thread", {"lead": 0, "entries": []}))


@sample("drilled")
def drilled(scene: Scene) -> Shown:
    a_call(scene)
    scene.lead(owner="ann", name="周敏", firm="茶语")
    return scene.tap("mia", "digest.look", f"- member:{scene.acme.member['ann']}")


@sample("drilled-none")
def drilled_none(scene: Scene) -> Shown:
    return scene.tap("ann", "digest.look", "- due")


@sample("linked")
def linked(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="周敏", firm="茶语")
    return Shown(GROUP, Reply("linked", {"lead": scene.id_of(ref)}))


# From a message of somebody else


@sample("message_log_form")
def message_log_form(scene: Scene) -> Shown:
    return scene.say_by_menu("ann", "message.log", "L-1001 called back: she wants a quote, call her tomorrow 3pm")


@sample("message_new_form")
def message_new_form(scene: Scene) -> Shown:
    return scene.say_by_menu("ann", "message.new", "Please call Mary Poppins, Tea House Ltd, 13800138000")


@sample("log_this")
def log_this(scene: Scene) -> Shown:
    ref = a_call(scene)
    return scene.say("ann", "visited her, wants a discount, call on Friday 3pm", quoted=ref, handle={"channel": "D1"})


@sample("log_this-done")
def log_this_done(scene: Scene) -> Shown:
    shown = log_this(scene)
    scene.tap("ann", "line.pick", f"{shown.reply.args['line']} L-1001")
    return shown
