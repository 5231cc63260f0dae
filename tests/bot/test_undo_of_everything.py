"""Every command and button that changes something is taken back whole by one `undo`, or says here why it is not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from bot import router
from tests.bot.cards.scene import Scene
from tests.bot.deeds import (
    Done,
    a_batch,
    a_list,
    a_preview,
    a_task,
    a_team_task,
    contacted,
    do,
    free,
    free_ones,
    later,
    loose,
    lost,
    many_at_once,
    muted,
    newest_task,
    offer,
    on_desk,
    on_hold,
    protected,
    starred,
    to_enter,
    to_merge,
    tuned,
    two_of_hers,
    two_products,
)

# What is shown, asked or opened: nothing to take back.
READS = (
    "events", "event", "event.show",
    "my nurtured", "questions", "help", "shadow", "shadow.leads",
    "start", "home", "export", "lead", "find", "health", "my", "next", "funnel",
    "undo", "pool", "today", "week", "calendar", "funnel me", "why", "quota", "question.open", "file.open", "lead.show",
    "lead.next", "notify.topic", "notify.missed", "notify.open", "notify.why", "task.open", "lead.dismiss",
    "reassign", "close all",
    "merge", "new", "move", "log.fix", "log.keep", "log.elsewhere", "member.hand_over", "lead.release_to",
    "message.log", "message.new", "digest.look", "lead.history", "list.open", "reveals", "merge.person", "sheet.show",
    "sheet.column", "people", "member.open", "member.split", "briefing", "source",
)  # fmt: skip
WHY_NOT = {
    "event change": "said anew, it is as before; its addresses never change",
    "event link": "the address may have been handed out",
    "event material": "visitors may have taken it along",
    "event close": "event open opens it again",
    "event open": "event close closes it again",
    "event.close": "its other button opens it again",
    "event.open": "its other button closes it again",
    "event.undo": "it is an undo",
    "form": "each word of it is said anew",
    "cost": "said again for the same days it replaces what was said, and 0 takes it away",
    "share": "a colleague has seen the card by now",
    "ask": "a colleague was asked; a question is closed by its own button",
    "answer": "it was read; a further answer corrects it",
    "question.decline": "an answer, as above",
    "question.done": "it was closed for both; a new question can be asked",
    "link": "who somebody is in a chat is changed by an admin",
    "digest": "whose digest comes when is said anew, or digest off",
    "leave": "leave cancel ends it; clocks have moved with it",
    "list": "list remove forgets it; no lead changes",
    "save": "list remove forgets it; no lead changes",
    "list.remove": "the same words make it anew",
    "log.set": "undo takes back the follow-up as it is corrected, which is one step",
    "log.move": "undo takes back the follow-up where it is by now",
    "reveal": "the contact was seen, and its daily quota is used",
    "decline": "the next one was asked at once",
    "pools": "add and remove are each other's opposite, and both say who claims where",
    "rules": "rules rollback brings back any version",
    "rules.apply": "rules rollback brings back any version",
    "rules.discard": "a rehearsal that was thrown away is rehearsed again",
    "rules.again": "it only rehearses",
    "shadow.begin": "its other button goes live",
    "shadow.live": "its other button goes back to watching, before the first run",
    "rules pause": "rules resume ends it; leads that waited are dealt by then",
    "rules resume": "rules pause stops it again",
    "rewind": "a run is taken back as a whole, and what was told of it is corrected",
    "recycle.approve": "the run of it is taken back with rewind",
    "recycle.postpone": "the run waits, and is approved by its other button",
    "unhold, of a parked lead": "its next wave has begun; nurture parks it again",
    "duplicate.ask": "the manager was asked",
    "duplicate.decide": "it was told to both; merge and unmerge change it",
    "sheet.field": "the sheet is not taken in yet; another choice replaces it",
    "sheet.confirm": "thousands of leads, which others have by then",
    "sheet.cancel": "dropped again, it is there again",
    "here": "bound again by the same word",
    "admin": "admin remove takes it back, by whoever is one",
    "admin remove": "admin makes one anew",
    "modules": "off and on are said anew",
    "tokens": "the token was shown; a revoked one is made anew",
    "hooks": "the secret was shown; on, off and topics are said anew, and calls were made",
    "bulk.undo": "it is an undo",
    "dead": "what was tried again may have arrived; what was dropped could not be done anyway",
    "sources": "keys were shown; off and on, new and rotate are said anew",
    "sources set": "said anew with another value",
    "sources fields": "said anew with other fields",
    "sources retry": "leads that were fetched are there",
    "unmerge": "merge makes one of them again",
    "file.erase": "erased is erased",
    "privacy export": "a link of 15 minutes, and an entry in the audit",
    "privacy erase": "it shows what would go",
    "privacy.erase_now": "erased is erased",
    "privacy stop": "privacy resume ends it",
    "privacy resume": "privacy stop begins it again",
    "privacy allow": "to be kept out again, a customer is erased again",
    "command": "what was typed says it",
    "line.pick": "the kept words are done by their own command",
    "line.instead": "as above",
    "line.create": "as above",
    "line.attach": "files stay with the lead until they are erased",
    "notify.quiet": "a form around notify quiet",
    "notify.set": "buttons around notify",
    "notify.fewer": "a button around notify",
    "member": "role, team and manager are said anew by an admin",
    "member.change": "as above, chosen in a form",
    "member left": "member back brings the colleague back",
    "member back": "member left signs off again",
    "member.left": "as member left",
    "member.back": "as member back",
    "hand_over.do": "Take back on its card returns all of it, for a day",
    "hand_over.back": "it is handed over again by the same card",
    "transfer.duties": "Take back on its card returns all of it, for a day",
    "team": "renamed, moved, closed and made anew by the same word",
    "duty": "duty @NAME off ends it",
}


UNDONE: dict[str, Done] = {
    "event new": Done("mia", "event new Spring Expo, Hall 3, Saturday 2pm, @Ann"),
    "claim": Done("ann", "claim {lead}", given=free),
    "claim, several": Done("ann", "claim 3", given=free_ones),
    "claim.next": Done("ann", tap="claim.next", given=free_ones),
    "claim.many": Done("ann", tap="claim.many 3", given=free_ones),
    "lead.claim": Done("ann", tap="lead.claim {lead}", given=free),
    "accept": Done("ann", "accept {lead}", given=offer, but="the offer is over: the lead is free for all"),
    "release": Done("ann", "release {lead} not my region", given=contacted),
    "release, to a pool": Done("ann", "release {lead} not my region, to North", given=contacted),
    "lead.release": Done("ann", tap="lead.release {lead}", fields=(("reason", "not mine"), ("pool", "north"))),
    "extend": Done("ann", "extend {lead} waiting for their budget", given=contacted),
    "protect": Done("ann", "protect {lead} for 3 days"),
    "unprotect": Done("ann", "unprotect {lead}", given=protected),
    "log": Done("ann", "log {lead} called, wants a quote over 12000, call back tomorrow 3pm", given=contacted),
    "log, do not call": Done("ann", "log {lead} do not call again", given=contacted),
    "lead.no_answer": Done("ann", tap="lead.no_answer {lead}", given=contacted),
    "lead.later": Done("ann", tap="lead.later {lead} tomorrow", given=contacted),
    "note": Done("ann", "note {lead} speaks French"),
    "remind": Done("ann", "remind {lead} tomorrow 3pm"),
    "remind, a team": Done("mia", "remind team {lead} tomorrow 3pm send the catalogue"),
    "take": Done("ann", "take {lead}", given=a_team_task),
    "done": Done("ann", "done {lead}", given=contacted),
    "done, and logged": Done("ann", "done {lead} called, wants a quote", given=contacted),
    "snooze": Done("ann", "snooze {lead} Friday", given=contacted),
    "task.take": Done("ann", tap="task.take {lead}", given=lambda scene: a_team_task(scene) and newest_task(scene)),
    "task.done": Done("ann", tap="task.done {lead}", given=a_task),
    "task.log": Done("ann", tap="task.log {lead} called", given=a_task),
    "task.no_answer": Done("ann", tap="task.no_answer {lead}", given=a_task),
    "task.snooze": Done("ann", tap="task.snooze {lead} +1h", given=a_task),
    "stage": Done("ann", "stage {lead} quote", given=contacted),
    "stage, reopened": Done("ann", "stage {lead} new", given=lost),
    "won": Done("ann", "won {lead} 12000", given=contacted),
    "lost": Done("ann", "lost {lead} too expensive", given=contacted),
    "import.confirm": Done("ann", tap="import.confirm {lead} self", given=to_enter),
    "import.confirm, a list": Done("ann", tap="import.confirm {lead} company", given=a_list),
    "merge.confirm": Done("ann", tap="merge.confirm {lead}", given=to_merge),
    "nurture": Done("ann", "nurture {lead} until 1 May their budget is next year", given=contacted),
    "hold": Done("mia", "hold {lead} until Friday they are moving house", given=contacted),
    "unhold": Done("mia", "unhold {lead}", given=on_hold),
    "hand over": Done("ann", "hand over {lead} @Bob", given=contacted),
    "assign": Done("mia", "assign {lead} @Bob", given=contacted),
    "assign, several": Done("mia", "assign 3 @Bob", given=free_ones),
    "transfer": Done("mia", "transfer @Ann @Bob", given=two_of_hers),
    "deal": Done("mia", "deal {lead} @Bob", given=on_desk),
    "desk.deal": Done("mia", tap="desk.deal {lead}", given=a_batch),
    "pool.move": Done("ada", tap="pool.move {lead}", given=a_preview),
    "bulk.do": Done("ada", tap="bulk.do {lead}", given=many_at_once),
    "lang": Done("ann", "lang zh"),
    "on": Done("ann", "on", given=lambda scene: later(scene, scene.say("ann", "off") and "")),
    "off": Done("ann", "off"),
    "notify": Done("ann", "notify warnings off"),
    "notify.reset": Done("ann", tap="notify.reset", given=tuned),
    "mute": Done("ann", "mute {lead}"),
    "unmute": Done("ann", "unmute {lead}", given=muted),
    "star": Done("ann", "star {lead}"),
    "unstar": Done("ann", "unstar {lead}", given=starred),
    "sort": Done("ann", "sort score"),
    "set": Done("ann", "set {lead} product Gizmo, region East, amount 50k, tags vip", given=contacted),
    "set, by the form": Done("ann", tap="lead.set {lead}", fields=(("product", "Gizmo"),), given=contacted),
    "values": Done("ada", "values products add Gizmo / 小玩意", given=loose),
    "values, two made one": Done("ada", "values products merge Gizmo into Gadget", given=two_products),
    "values, who looks after one": Done("ada", "values sources owner web @Ann"),
    "sources owner": Done("ada", "sources owner web @Ann"),
    "values, a field": Done("ada", "values fields add Seats number, required at quote"),
}
LEAD = (
    "id, status, stage, owner_id, pool_id, assigned_at, followed_up_at, contacted_at, stage_entered_at, closed_at,"
    " lost_reason, amount, currency, extended_until, extensions, recycle_at, recycle_rule, warn_at, protected_until,"
    " held_by, held_until, held_for, wave, pool_entered_at, product, region, tags, custom"
)
# Columns by table, and which rows count.
STATE = {
    "lead": (LEAD, "status <> 'void'"),
    "task": ("id, state, due_at, member_id, words", "state <> 'cancelled'"),
    "person": ("id, contact_state", "id in (select person_id from lead where status <> 'void')"),
    "assignment": ("lead_id, member_id", "ended_at is null"),
    "rep_load": ("member_id, holding", "true"),
    "credit": ("lead_id, member_id, part, share", "voided_at is null"),
    "activity": ("id, verb, words", "undone_at is null and verb in ('logged', 'noted', 'won', 'lost', 'stage')"),
    "member": ("id, on_duty, locale, sort, coalesce(preferences->'notify'->'now', '{}')", "true"),
    "star": ("lead_id, member_id", "true"),
    "event": ("id, name, place", "true"),
    "source": ("id, owner_id", "owner_id is not null"),
    "list_entry": ("id, list, key, name, name_zh, aliases, position, standard, retired_at", "true"),
    "custom_field": ("id, key, name, kind, required_stage, sensitive, shown, retired_at", "true"),
    "form": ("id, word, verify", "true"),
}


def state(scene: Scene) -> list[Any]:
    """All that a member's command may change, as far as anybody can see it."""
    with scene.uow() as uow:
        found = [
            text(f"select '{table}', {columns} from {table} where org_id = :o and {which} order by 2, 3")
            for table, (columns, which) in STATE.items()
        ]
        return [tuple(row) for one in found for row in uow.session.execute(one, {"o": scene.acme.org_id})]


def whose(scene: Scene) -> list[Any]:
    """Who has each lead, and what each member holds."""
    with scene.uow() as uow:
        found = text("select id, owner_id, status, stage from lead where org_id = :o order by id")
        return [tuple(row) for row in uow.session.execute(found, {"o": scene.acme.org_id})]


def named(row: str) -> str:
    return row.partition(",")[0]


def test_every_command_and_button_has_a_row():
    """Whoever adds one says here whether `undo` takes it back, and if not, why."""
    rows = {*READS, *map(named, WHY_NOT), *map(named, UNDONE)}
    calls = {entry.call for entry in router.commands()}
    commands = {entry.words[0] for entry in router.commands()}
    buttons = {entry.names[0] for entry in router.actions().values() if entry.call not in calls}
    assert (commands | buttons) - rows == set()


@pytest.mark.parametrize("row", UNDONE)
def test_one_undo_takes_it_back_whole(row, database, time):
    scene, step = Scene(database, time), UNDONE[row]
    about = step.given(scene)
    before, owners = state(scene), whose(scene)
    do(scene, step, about)
    assert state(scene) != before
    scene.say(step.who, "undo")
    seen = state(scene) if not step.but else whose(scene)
    assert seen == (before if not step.but else owners)


@pytest.mark.parametrize("words", ["share {lead} @Bob have a look", "ask {lead} @Bob 5%?", "list hot = stage quote"])
def test_undo_after_what_stays_takes_nothing_back_until_it_is_said_again(words, database, time):
    scene = Scene(database, time)
    lead = free(scene)
    scene.say("ann", f"claim {lead}")
    owners = whose(scene)
    scene.say("ann", words.format(lead=lead))
    assert (scene.say("ann", "undo").reply.name, whose(scene)) == ("stays", owners)
    assert (scene.say("ann", "undo").reply.name, whose(scene) == owners) == ("undone", False)


def test_what_a_team_was_asked_without_a_lead_is_withdrawn_unless_somebody_has_taken_it(database, time):
    scene = Scene(database, time)
    tasks = "select count(*) from task where org_id = :o and state = 'open'"
    scene.say("ann", "remind team prepare the stand tomorrow 9am")
    assert scene.say("ann", "undo").reply.name == "team_asked"
    with scene.uow() as uow:
        assert uow.session.scalar(text(tasks), {"o": scene.acme.org_id}) == 0
    scene.say("ann", "remind team prepare the stand tomorrow 9am")
    scene.tap("bob", "task.take", newest_task(scene))
    assert scene.say("ann", "undo").reply.name == "stays"
