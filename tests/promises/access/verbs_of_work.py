"""What is done with tasks, offers, lists, sheets and one's own things."""

from __future__ import annotations

from datetime import timedelta

from crm.rules.arrival import Arrival
from crm.rules.wanted import Wanted
from crm.services import (
    arbitration,
    batches,
    creation,
    desks,
    dropped_sheets,
    feeds,
    handing,
    importing,
    intake,
    mailbox,
    offers,
    pending_lines,
    preferences,
    saved_lists,
    tasks,
    team_tasks,
)
from crm.vault import Vault
from tests import build
from tests.promises.access.calls import Verb
from tests.promises.access.expected import MEMBERS, here, lead, only, role, theirs

_SOON = build.NOW + timedelta(days=2)
_VAULT = Vault(build.SECRET)
_HERS = only("owner", others="0")
OF_WORK: dict[str, Verb] = {
    "tasks.done": (
        lambda c: tasks.done(c.uow, task_id=c.g["task"], **c.by),
        only("owner", "manager", "admin", others="0"),
    ),
    "tasks.get": (
        lambda c: tasks.get(c.uow, task_id=c.g["task"], **c.by),
        only("owner", "manager", "admin", others="0"),
    ),
    "tasks.move": (
        lambda c: tasks.move(c.uow, task_id=c.g["task"], at=_SOON, **c.by),
        only("owner", "manager", "admin", others="0"),
    ),
    "tasks.open_ones": (lambda c: tasks.open_ones(c.uow, until=build.NEVER, **c.by), MEMBERS),
    "tasks.remind": (lambda c: tasks.remind(c.uow, at=_SOON, **c.on("owned")), lead()),
    "team_tasks.ask": (
        lambda c: team_tasks.ask(c.uow, team=c.north(), at=_SOON, words="x", **c.on("owned")),
        lead("work"),
    ),
    "team_tasks.take": (
        lambda c: team_tasks.take(c.uow, task_id=c.g["team_task"], **c.by),
        only("owner", "mate", "manager", others="0"),
    ),
    "team_tasks.withdraw": (lambda c: team_tasks.withdraw(c.uow, task_id=c.g["team_task"], **c.by), MEMBERS),
    "handing.accept": (lambda c: handing.accept(c.uow, ref=c.g["offered"], **c.by), theirs("owner", seen_by=("mate",))),
    "handing.asked": (lambda c: handing.asked(c.uow, ref=c.g["offered"], **c.by), theirs("owner", seen_by=("mate",))),
    "handing.decline": (
        lambda c: handing.decline(c.uow, ref=c.g["offered"], reason="no", **c.by),
        theirs("owner", seen_by=("mate",)),
    ),
    "offers.mine": (lambda c: offers.mine(c.uow, **c.by), MEMBERS),
    "batches.deal": (lambda c: batches.deal(c.uow, run_id=c.g["desk"], **c.by), only("manager", "admin")),
    "batches.give": (lambda c: batches.give(c.uow, wishes=[], **c.by), role("desk")),
    "batches.newest": (lambda c: batches.newest(c.uow, **c.by), only("manager", "admin")),
    "batches.wish": (lambda c: batches.wish(c.uow, ref=c.g["desked"], name="bob", **c.by).problem, MEMBERS),
    "desks.of_team": (lambda c: desks.of_team(c.uow, **c.by), MEMBERS),
    "creation.new_lead": (
        lambda c: creation.new_lead(c.uow, contact=Arrival(name="New Ned", phone="13800138999"), **c.by),
        MEMBERS,
    ),
    "intake.take_in": (
        lambda c: intake.take_in(c.uow, source=None, arrival=Arrival(name="Ned", phone="13800138998"), **c.by),
        MEMBERS,
    ),
    "importing.preview": (
        lambda c: importing.preview(c.uow, rows=[Arrival(name="Ned", phone="13987654321")], **c.by),
        MEMBERS,
    ),
    "importing.get": (lambda c: importing.get(c.uow, job_id=c.g["job"], **c.by).id, _HERS),
    "importing.confirm": (lambda c: importing.confirm(c.uow, job_id=c.g["job"], **c.by).id, _HERS),
    "importing.take_along": (lambda c: importing.take_along(c.uow, job_id=c.g["job"], line=1, **c.by), _HERS),
    "dropped_sheets.announce": (
        lambda c: (
            dropped_sheets.announce(c.uow, workspace_id=c.context.workspace.id, name="a.csv", handle={}, **c.by).id
        ),
        MEMBERS,
    ),
    "dropped_sheets.get": (lambda c: dropped_sheets.get(c.uow, c.g["sheet"], **c.by).id, _HERS),
    "dropped_sheets.cancel": (lambda c: dropped_sheets.cancel(c.uow, job_id=c.g["sheet"], **c.by).id, _HERS),
    "dropped_sheets.confirm": (
        lambda c: dropped_sheets.confirm(c.uow, job_id=c.g["sheet"], whose="mine", **c.by).id,
        _HERS,
    ),
    "dropped_sheets.remap": (
        lambda c: dropped_sheets.remap(c.uow, job_id=c.g["sheet"], column=0, field="company", **c.by).id,
        _HERS,
    ),
    "arbitration.decide": (
        lambda c: arbitration.decide(c.uow, pair_id=c.g["pair"], answer="different", **c.by),
        here(only("manager", "admin")),
    ),
    "pending_lines.read": (lambda c: pending_lines.read(c.uow, line_id=c.g["line"], **c.by), MEMBERS),
    "pending_lines.take": (lambda c: pending_lines.take(c.uow, line_id=c.g["line"], **c.by), only("owner")),
    "pending_lines.keep": (lambda c: pending_lines.keep(c.uow, command="log", words="x", **c.by), MEMBERS),
    "mailbox.between": (lambda c: mailbox.between(c.uow, topic="x", first=0, last=c.g["message"], **c.by), MEMBERS),
    "mailbox.missed": (lambda c: mailbox.missed(c.uow, **c.by), MEMBERS),
    "mailbox.some": (lambda c: mailbox.some(c.uow, ids=[c.g["message"]], **c.by), MEMBERS),
    "mailbox.told": (lambda c: mailbox.told(c.uow, message_id=c.g["message"], **c.by), only("owner")),
    "saved_lists.save": (
        lambda c: saved_lists.save(c.uow, name="warm", wanted=Wanted(starred=True), **c.by),
        MEMBERS,
    ),
    "saved_lists.mine": (lambda c: saved_lists.mine(c.uow, **c.by), MEMBERS),
    "saved_lists.get": (lambda c: saved_lists.get(c.uow, name="hot", **c.by), _HERS),
    "saved_lists.numbered": (lambda c: saved_lists.numbered(c.uow, list_id=c.g["list"], **c.by), _HERS),
    "saved_lists.remove": (lambda c: saved_lists.remove(c.uow, name="hot", **c.by), _HERS),
    "feeds.address_of": (lambda c: feeds.address_of(c.uow, _VAULT, **c.by)[:0], MEMBERS),
    "feeds.renew": (lambda c: feeds.renew(c.uow, _VAULT, **c.by)[:0], MEMBERS),
    "feeds.end": (lambda c: feeds.end(c.uow, **c.by), MEMBERS),
    "preferences.mute": (
        lambda c: preferences.mute(c.uow, c.context.actor, c.at("owned").id, None),
        lead(),
    ),
}
