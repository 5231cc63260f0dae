"""Samples of the cards of a day's work: leads, follow-ups, reminders, and how a lead ends."""

from __future__ import annotations

from crm.services import sounding
from tests.bot.cards.samples import FOUR, a_call, sample
from tests.bot.cards.scene import Scene, Shown


@sample("lead")
def lead(scene: Scene) -> Shown:
    ref = a_call(scene)
    scene.say("ann", f"note {ref} speaks French")
    return scene.say("ann", f"lead {ref}")


@sample("lead-extended")
def lead_extended(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    return scene.say("ann", f"extend {ref} waiting for their budget")


@sample("lead-noted")
def lead_noted(scene: Scene) -> Shown:
    return scene.say("ann", f"note {scene.lead(owner='ann')} speaks French")


@sample("lead-stage")
def lead_stage(scene: Scene) -> Shown:
    return scene.say("ann", f"stage {scene.lead(owner='ann')} quote")


@sample("lead-pool")
def lead_in_pool(scene: Scene) -> Shown:
    return scene.say("ann", f"lead {scene.lead(name='周敏', firm='茶语', region='East')}")


@sample("lead-own")
def lead_self_sourced(scene: Scene) -> Shown:
    return scene.say("ann", f"lead {scene.lead(owner='ann', pool=None, origin='self')}")


@sample("lead-careful")
def lead_careful(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.say("ann", f"log {ref} do not call again")
    return scene.say("ann", f"lead {ref}")


@sample("lead-gone")
def lead_gone(scene: Scene) -> Shown:
    return scene.shown("ann", "lead", lead=0, note="")


@sample("my")
def my(scene: Scene) -> Shown:
    a_call(scene)
    scene.lead(owner="ann", name="周敏", firm="茶语")
    scene.start_clocks()
    return scene.say("ann", "my")


@sample("my-many")
def my_many(scene: Scene) -> Shown:
    for number in range(12):
        scene.lead(owner="ann", name=f"Lu {number}")
    return scene.say("ann", "my")


@sample("my-none")
def my_none(scene: Scene) -> Shown:
    return scene.say("ann", "my")


@sample("found")
def found(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="Lu Wei", firm="Lucky Tea")
    scene.lead(name="Lu Min", firm="Tea House")
    return scene.say("ann", "find Lu")


@sample("found-nothing")
def found_nothing(scene: Scene) -> Shown:
    return scene.say("ann", "find 98765")


@sample("pick")
def pick(scene: Scene) -> Shown:
    for firm in ("Lucky Tea", "Tea House"):
        scene.lead(owner="ann", name="Lu Wei", firm=firm)
    return scene.say("ann", "log Lu called")


@sample("pick-wanted")
def pick_wanted(scene: Scene) -> Shown:
    for name in ("Lu Wei", "Zoe"):
        scene.lead(owner="ann", name=name)
    return scene.say("ann", "log called, no answer")


@sample("unknown_lead-a_name")
def unknown_lead_name(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="李美琳", firm="Zen")
    with scene.uow() as uow:
        sounding.catch_up(uow)
    return scene.say("ann", "find meilin")


@sample("unknown_lead")
def unknown_lead(scene: Scene) -> Shown:
    scene.lead(owner="ann", name="Zhou Min", firm="Tea House")
    return scene.say("ann", "log Zhuo Min called, wants a quote")


@sample("create_form")
def create_form(scene: Scene) -> Shown:
    shown = scene.say("ann", "log Zzz called, wants a quote")
    return scene.tap("ann", "line.create", str(shown.reply.args["line"]))


@sample("logged")
def logged(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.start_clocks()
    return scene.say("ann", f"log {ref} called, wants a quote, call back tomorrow 3pm")


@sample("logged-chinese")
def logged_chinese(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann", name="王芳", firm="上海茶业")
    scene.start_clocks()
    return scene.say("ann", f"跟进 {ref} 打了电话，要报价，明天下午3点再联系")


@sample("logged-stage")
def logged_stage(scene: Scene) -> Shown:
    return scene.say("ann", f"log {scene.lead(owner='ann')} called, sent the quote, $12,000")


@sample("logged-won")
def logged_won(scene: Scene) -> Shown:
    return scene.say("ann", f"log {scene.lead(owner='ann')} they signed today")


@sample("logged-vague")
def logged_vague(scene: Scene) -> Shown:
    return scene.say("ann", f"log {scene.lead(owner='ann')} interested, call back soon")


@sample("logged-undone")
def logged_undone(scene: Scene) -> Shown:
    card = scene.say("ann", f"log {scene.lead(owner='ann')} called")
    scene.say("ann", "undo")
    return card


@sample("log_form")
def log_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.log", scene.lead(owner="ann"))


@sample("later_form")
def later_form(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.later", scene.lead(owner="ann"))


@sample("later_form-evening")
def later_form_evening(scene: Scene) -> Shown:
    scene.time.advance(hours=8)
    return scene.tap("ann", "lead.later", scene.lead(owner="ann"))


@sample("snooze_form")
def snooze_form(scene: Scene) -> Shown:
    return scene.shown_form("ann", "snooze_form", task=1)


@sample("reminder_set")
def reminder_set(scene: Scene) -> Shown:
    return scene.say("ann", f"remind {scene.lead(owner='ann')} tomorrow 3pm send the samples")


@sample("reminder")
def reminder(scene: Scene) -> Shown:
    scene.say("ann", f"remind {scene.lead(owner='ann')} tomorrow 3pm send the samples")
    scene.falls_due(days=1, hours=5)
    return scene.owed("task.due")


@sample("reminders")
def reminders(scene: Scene) -> Shown:
    for name in FOUR:
        scene.say("ann", f"remind {scene.lead(owner='ann', name=name)} in 2 hours send the offer")
    scene.falls_due(hours=2)
    return scene.listed("task.due")


@sample("reminders-partly")
def reminders_partly_done(scene: Scene) -> Shown:
    card = reminders(scene)
    scene.tap("ann", "task.done", str(card.reply.args["each"][0]["task"]))
    return card


@sample("reminders-done")
def reminders_done(scene: Scene) -> Shown:
    card = reminders(scene)
    for one in card.reply.args["each"]:
        scene.tap("ann", "task.done", str(one["task"]))
    return card


@sample("reminder-done")
def reminder_done(scene: Scene) -> Shown:
    card = reminder(scene)
    scene.tap("ann", "task.done", str(card.reply.args["task"]))
    return card


@sample("task_done")
def task_done(scene: Scene) -> Shown:
    card = reminder(scene)
    return scene.tap("ann", "task.done", str(card.reply.args["task"]))


@sample("today")
def today(scene: Scene) -> Shown:
    scene.say("ann", f"remind {scene.lead(owner='ann', name='周敏')} today 3pm send the samples")
    scene.lead(owner="ann", name="Jo Lee")
    scene.start_clocks()
    return scene.say("ann", "today")


@sample("today-nothing")
def today_nothing(scene: Scene) -> Shown:
    return scene.say("ann", "today")


@sample("stages")
def stages(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.stage", scene.lead(owner="ann"))


@sample("closed-won")
def closed_won(scene: Scene) -> Shown:
    return scene.say("ann", f"won {scene.lead(owner='ann')} 12000")


@sample("closed-lost")
def closed_lost(scene: Scene) -> Shown:
    return scene.say("ann", f"lost {scene.lead(owner='ann')} too expensive")


@sample("lost_why")
def lost_why(scene: Scene) -> Shown:
    return scene.tap("ann", "lead.lost", scene.lead(owner="ann", name="Lu Wei"))


@sample("undone")
def undone(scene: Scene) -> Shown:
    scene.say("ann", f"won {scene.lead(owner='ann')} 12000")
    return scene.say("ann", "undo")


@sample("stays")
def stays(scene: Scene) -> Shown:
    scene.say("ann", f"share {scene.lead(owner='ann')} @Bob please have a look")
    return scene.say("ann", "undo")


@sample("undone-several")
def undone_several(scene: Scene) -> Shown:
    refs = [scene.lead(owner="ann", name=name) for name in ("周敏", "Lu Wei", "Zoe")]
    scene.say("mia", "transfer @Ann @Bob")
    scene.say("bob", f"log {refs[2]} called")
    return scene.say("mia", "undo")


@sample("undone-released")
def undone_release(scene: Scene) -> Shown:
    scene.say("ann", f"release {scene.lead(owner='ann')} not my region")
    return scene.say("ann", "undo")


@sample("undone-claimed")
def undone_claim(scene: Scene) -> Shown:
    scene.lead()
    scene.say("ann", "claim next")
    return scene.say("ann", "undo")


@sample("stale")
def stale(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    return scene.tap_old("ann", "lead.extend", ref)


@sample("new_form")
def new_form(scene: Scene) -> Shown:
    return scene.say("ann", "new")


@sample("preview")
def preview(scene: Scene) -> Shown:
    return scene.say("ann", "new Mei Lin, Lotus Tea, 13900139000")


@sample("preview-list")
def preview_list(scene: Scene) -> Shown:
    scene.lead(owner="bob", phone="+8613900139001")
    scene.lead(phone="+8613900139002")
    names = ("Mei Lin", "Tom Cole", "王小明", "Jo Lee", "陈晨")
    lines = [f"{name}, Lotus Tea, 1390013900{number}" for number, name in enumerate(names)]
    return scene.say("ann", "new " + "\n".join([*lines, lines[0], "Tom Cat, Acme, 12"]))


@sample("imported")
def imported(scene: Scene) -> Shown:
    card = preview(scene)
    return scene.tap("ann", "import.confirm", f"{card.reply.args['job']} self")


@sample("imported-list")
def imported_list(scene: Scene) -> Shown:
    card = preview_list(scene)
    return scene.tap("ann", "import.confirm", f"{card.reply.args['job']} company")
