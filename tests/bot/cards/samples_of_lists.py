"""Samples of how somebody works: stars, an order, lists, the week, the calendar, and what a team is asked."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Reply
from tests.bot.cards.samples import sample
from tests.bot.cards.scene import Scene, Shown


@sample("lead-starred")
def lead_starred(scene: Scene) -> Shown:
    return scene.say("ann", f"star {scene.lead(owner='ann')}")


@sample("lead-unstarred")
def lead_unstarred(scene: Scene) -> Shown:
    ref = scene.lead(owner="ann")
    scene.say("ann", f"star {ref}")
    return scene.say("ann", f"unstar {ref}")


@sample("my-sorted")
def my_sorted(scene: Scene) -> Shown:
    scene.say("ann", f"star {scene.lead(owner='ann', name='周敏', firm='茶语', score=40)}")
    scene.lead(owner="ann", score=75)
    scene.say("ann", "sort by score")
    return scene.say("ann", "my")


@sample("my-filtered")
def my_filtered(scene: Scene) -> Shown:
    scene.lead(owner="ann", stage="quote", amount=60000, currency="CNY", region="East")
    return scene.say("ann", "my stage quote or new, amount over 50k, region east")


@sample("my-filtered-nothing")
def my_filtered_to_nothing(scene: Scene) -> Shown:
    return scene.say("ann", "my untouched for 3 days, due this week, starred, source not web")


@sample("my-saved")
def my_saved(scene: Scene) -> Shown:
    scene.say("ann", f"star {scene.lead(owner='ann', stage='quote')}")
    return scene.say("ann", "list hot = stage quote, starred")


@sample("sort")
def sort(scene: Scene) -> Shown:
    return scene.say("ann", "sort")


@sample("sort-chosen")
def sort_chosen(scene: Scene) -> Shown:
    return scene.say("ann", "sort by amount")


@sample("lists")
def lists(scene: Scene) -> Shown:
    scene.lead(owner="ann", stage="quote")
    scene.say("ann", "list hot = stage quote, score at least 60, level A")
    scene.say("ann", "list 重点 = 逾期，产品 茶，标签 vip")
    return scene.say("ann", "lists")


@sample("lists-removed")
def lists_removed(scene: Scene) -> Shown:
    scene.say("ann", "list hot = overdue")
    return scene.say("ann", "list remove hot")


@sample("list_form")
def list_form(scene: Scene) -> Shown:
    scene.say("ann", "my overdue")
    return scene.tap("ann", "list.save")


@sample("week")
def week(scene: Scene) -> Shown:
    for name, when in (("Jo Lee", "in 2 hours"), ("周敏", "tomorrow 3pm"), ("Lu Wei", "Friday 9am")):
        scene.say("ann", f"remind {scene.lead(owner='ann', name=name)} {when} send the offer")
    scene.say("ann", "remind team tidy the pool tomorrow 5pm")
    scene.falls_due(hours=3)
    return scene.say("ann", "week")


@sample("week-nothing")
def week_without_anything(scene: Scene) -> Shown:
    return scene.say("ann", "week")


@sample("calendar")
def calendar(scene: Scene) -> Shown:
    card = scene.say("ann", "calendar")
    address = {"address": "https://crm.example/calendar/1-word.ics"}
    return replace(card, reply=replace(card.reply, once=address))


@sample("calendar-shown")
def calendar_shown_before(scene: Scene) -> Shown:
    card = scene.say("ann", "calendar")
    return replace(card, reply=Reply.restored(card.reply.stored()))


@sample("calendar-off")
def calendar_off(scene: Scene) -> Shown:
    return scene.say("ann", "calendar off")


@sample("today-team")
def today_with_the_team(scene: Scene) -> Shown:
    scene.say("bob", f"remind team {scene.lead(owner='bob')} call about the fair today 5pm")
    scene.say("ann", "remind team water the plants today 5pm")
    return scene.say("ann", "today")


@sample("today-sorted")
def today_sorted(scene: Scene) -> Shown:
    for score in (20, 80):
        scene.say("ann", f"remind {scene.lead(owner='ann', score=score)} today 3pm call back")
    scene.say("ann", "sort by score")
    return scene.say("ann", "today")


@sample("team_asked-again")
def team_asked_again(scene: Scene) -> Shown:
    card = task_untaken(scene)
    return scene.tap("mia", "task.snooze", f"{card.reply.args['task']} +1h")


@sample("which_task")
def which_task(scene: Scene) -> Shown:
    for name in ("Jo Lee", "周敏"):
        scene.say("ann", f"remind {scene.lead(owner='ann', name=name)} today 3pm send the offer")
    return scene.say("ann", "done")


@sample("team_asked")
def team_asked(scene: Scene) -> Shown:
    return scene.say("ann", f"remind @North {scene.lead(owner='ann')} call back tomorrow 3pm")


@sample("team_asked-taken")
def team_asked_taken(scene: Scene) -> Shown:
    card = team_asked(scene)
    scene.tap("bob", "task.take", str(card.reply.args["task"]))
    return card


@sample("team_task")
def team_task(scene: Scene) -> Shown:
    team_asked(scene)
    scene.falls_due(days=1, hours=5)
    return scene.owed("task.team", to="bob")


@sample("team_task-taken")
def team_task_taken(scene: Scene) -> Shown:
    card = team_task(scene)
    scene.tap("mia", "task.take", str(card.reply.args["task"]))
    return card


@sample("team_task-done")
def team_task_done(scene: Scene) -> Shown:
    card = team_task(scene)
    scene.tap("mia", "task.done", str(card.reply.args["task"]))
    return card


@sample("reminder-team")
def reminder_of_the_team(scene: Scene) -> Shown:
    card = team_task(scene)
    return scene.tap("bob", "task.take", str(card.reply.args["task"]))


@sample("task_untaken")
def task_untaken(scene: Scene) -> Shown:
    scene.say("ann", "remind team tidy the pool tomorrow 3pm")
    scene.falls_due(days=1, hours=5)
    scene.falls_due(hours=1)
    return scene.owed("task.untaken")


@sample("task_untaken-taken")
def task_untaken_taken(scene: Scene) -> Shown:
    card = task_untaken(scene)
    scene.tap("bob", "task.take", str(card.reply.args["task"]))
    return card
