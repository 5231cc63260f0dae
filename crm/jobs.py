"""What runs by itself, and when. A job is one or a few short transactions, and running it twice is harmless."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import TextClause, text

from crm import queue
from crm.db import Database
from crm.rules.modules import CORE
from crm.rules.ruleset import Keep
from crm.services import (
    arbitration,
    asking,
    audit_chain,
    batches,
    contacting,
    dealing,
    digests,
    erasing,
    first_response,
    hand_overs,
    handing,
    health,
    holding,
    hook_calls,
    lines,
    mailbox,
    nurturing,
    pauses,
    recycling,
    rehearsing,
    reserving,
    retention,
    rewinding,
    rules_admin,
    scoring,
    shadowing,
    sounding,
    source_watch,
    tasks,
    team_tasks,
)
from crm.uow import UnitOfWork

log = structlog.get_logger()

AT_ONCE, DEALT_AT_ONCE, COMPARED_AT_ONCE = 500, 2000, 50
ROUNDS = 5000
Duty = Callable[[Database, int], Any]

_ORGANIZATIONS = text("select id from organization order by id")
_DUE = text(
    "select d.org_id, o.modules_off from sluice_due(:now) d join organization o on o.id = d.org_id order by d.org_id"
)
_OLD_DELIVERIES = text(
    "delete from delivery where key in (select key from delivery"
    " where at < :before and org_id is not distinct from cast(:org as bigint) limit :most)"
)
# What lies behind a promise to people (leads, assignments, activities, claims) is never purged.
_OLD = {
    # What is held is owed still, to somebody who wishes to hear of it later.
    "message": "state not in ('owed', 'held') and created_at < :messages",
    "posted_card": "not live and posted_at < :messages",
    "decision": "at < :decisions",
    "link_code": "expires_at < :messages",
    "pending_form": "expires_at < :messages",
    "pending_line": "expires_at < :now",
    "attachment": "lead_id is null and created_at < cast(:now as timestamptz) - interval '1 day' and not exists"
    " (select from event_material m where m.org_id = attachment.org_id and m.attachment_id = attachment.id)",
    "phone_code": "created_at < cast(:now as timestamptz) - interval '1 day'",
    "playground_file": "created_at < cast(:now as timestamptz) - interval '90 days'",
    "rehearsal": "at < :messages",
    "owed_fetch": "state = 'done' and at < :messages",
    "feed_event": "came_at < :messages",
    # A list that nobody decided about holds what was typed, or a sample of the sheet.
    "import_job": "state in ('preview', 'reading') and created_at < :messages",
    "contact_move": "closed_at < :messages",
    "hook_call": "state <> 'owed' and created_at < :messages",
}


def tick(database: Database) -> None:
    """Do all that has fallen due, wherever something has: each minute, and at once when a clock was moved."""
    for org_id, off in _due(database):
        serve(database, org_id, off)


def serve(database: Database, org_id: int, off: Collection[str] = ()) -> None:
    """Do all that has fallen due in one organization, which does without the modules `off`.

    Something that fails is logged and tried again at the next tick; it keeps nothing else from happening.
    """
    for duty in (duty for duty in DUTIES if OF_MODULE.get(duty.__name__) not in off):
        try:
            duty(database, org_id)
        except Exception:
            log.exception("tick.failed", org=org_id, duty=duty.__name__)


def remind(database: Database, org_id: int) -> None:
    """Owe the reminders whose minute has come."""
    _until_done(database, org_id, tasks.remind_due, tasks.CHUNK)


def remind_asked(database: Database, org_id: int) -> None:
    """Owe the reminders of questions that nobody has answered in time."""
    _until_done(database, org_id, asking.remind_due, asking.CHUNK)


def ask_managers(database: Database, org_id: int) -> None:
    """Tell the managers of tasks that nobody of a team has taken."""
    _until_done(database, org_id, team_tasks.escalate_due, team_tasks.CHUNK)


def digest(database: Database, org_id: int) -> None:
    """Owe the digests whose hour has come."""
    with database.begin(org_id) as uow:
        digests.send_due(uow)


def deal_held(database: Database, org_id: int) -> None:
    """Deal held leads to whoever is there now; those for whom nobody is keep no others from it."""
    held: dealing.Round | None = None
    while held is None or not held.is_last:
        with database.begin(org_id) as uow:
            held = dealing.deal_held(uow, AT_ONCE, held)


def set_free(database: Database, org_id: int) -> None:
    """Let go of the leads that were put aside until now, before those that wait are dealt."""
    for work, chunk in ((holding.end_due, holding.CHUNK), (pauses.end_due, pauses.CHUNK)):
        _until_done(database, org_id, work, chunk)
    _until_done(database, org_id, nurturing.wake_due, nurturing.CHUNK)
    _until_done(database, org_id, contacting.look_again, contacting.CHUNK)


def look_back(database: Database, org_id: int) -> None:
    """Owe the card about the week when its day has come."""
    with database.begin(org_id) as uow:
        health.send_due(uow)


def rescore(database: Database, org_id: int) -> None:
    """Take off the points that have lapsed."""
    _until_done(database, org_id, scoring.refresh_due, scoring.CHUNK)


def pass_offers_on(database: Database, org_id: int) -> None:
    """End the offers that nobody answered and ask the next one; let go of what no team took and no manager dealt."""
    _until_done(database, org_id, handing.expire_due, handing.CHUNK)
    _until_done(database, org_id, reserving.open_groups, reserving.CHUNK)
    _until_done(database, org_id, batches.time_out, batches.CHUNK)


def open_lines(database: Database, org_id: int) -> None:
    """Dispatch the parked leads that follow a purchase and whose day has come."""
    _until_done(database, org_id, lines.open_due, lines.CHUNK)


def respond(database: Database, org_id: int) -> None:
    """Do what is due for want of a first response."""
    _until_done(database, org_id, first_response.climb, first_response.CHUNK)


def tell_held(database: Database, org_id: int) -> None:
    """Send what was held back until now, together."""
    _until_done(database, org_id, mailbox.collect_due, mailbox.CHUNK)


def hand_over(database: Database, org_id: int) -> None:
    """Do by the rule the hand-overs of leavers that no manager has done in time."""
    _until_done(database, org_id, hand_overs.time_out, hand_overs.CHUNK)


def call_hooks(database: Database, org_id: int) -> None:
    """Run the jobs of calls that are due, in case those that should have made them are gone."""
    with database.begin(org_id) as uow:
        hook_calls.start_due(uow)


def keep_apart(database: Database, org_id: int) -> None:
    """Settle the pairs of alike customers about which nobody has decided in time."""
    _until_done(database, org_id, arbitration.time_out, arbitration.CHUNK)


def watch_sources(database: Database, org_id: int) -> None:
    """Tell marketing of the sources that are silent for longer than usual."""
    _until_done(database, org_id, source_watch.tell_silence, source_watch.CHUNK)


def seal(database: Database, org_id: int) -> None:
    """Give what was written in the audit its places in the chain."""
    _until_done(database, org_id, audit_chain.seal_due, audit_chain.CHUNK)


def tell_shadow(database: Database, org_id: int) -> None:
    """Owe managers the word of the morning while the engine only watches."""
    with database.begin(org_id) as uow:
        shadowing.tell_due(uow)


DUTIES: tuple[Duty, ...] = (
    remind, remind_asked, ask_managers, recycling.sweep, recycling.warn, pass_offers_on, open_lines, respond, set_free,
    deal_held, digest, rescore, look_back, seal, tell_held, keep_apart, hand_over, watch_sources, call_hooks,
    tell_shadow,
)  # fmt: skip

# To which module each belongs. What was begun under a rule ends by it, so what lets leads go is always there.
OF_MODULE = {
    "remind": CORE, "ask_managers": CORE, "sweep": CORE, "warn": CORE, "pass_offers_on": CORE, "open_lines": CORE,
    "respond": CORE, "set_free": CORE, "deal_held": CORE, "seal": CORE, "tell_held": CORE, "hand_over": CORE,
    "watch_sources": CORE, "tell_shadow": CORE, "remind_asked": "asking", "digest": "digests", "rescore": "score",
    "look_back": "health", "keep_apart": "duplicates", "call_hooks": "hooks",
}  # fmt: skip


def deal_leads(database: Database, *, org_id: int, lead_ids: Sequence[int]) -> None:
    """Find owners for the leads of an import, in short transactions."""
    for start in range(0, len(lead_ids), DEALT_AT_ONCE):
        following = (len(lead_ids) - start - 1) // DEALT_AT_ONCE
        with database.begin(org_id) as uow:
            dealing.deal(uow, lead_ids[start : start + DEALT_AT_ONCE], parts=following)


def look_for_duplicates(database: Database, *, org_id: int, lead_ids: Sequence[int]) -> None:
    """Compare new customers with all who are known, in short transactions."""
    _until_done(database, org_id, sounding.catch_up, sounding.CHUNK)
    for start in range(0, len(lead_ids), COMPARED_AT_ONCE):
        with database.begin(org_id) as uow:
            if "duplicates" in uow.off:
                return
            arbitration.look(uow, lead_ids[start : start + COMPARED_AT_ONCE])


def refresh_deadlines(database: Database, *, org_id: int, after: int = 0) -> None:
    """Bring the clocks of all owned leads in step with a new rule set."""
    going: int | None = after
    while going is not None:
        with database.begin(org_id) as uow:
            going = rules_admin.refresh(uow, after=going)
    going = 0
    while going is not None:
        with database.begin(org_id) as uow:
            going = contacting.refresh(uow, after=going)


def rescore_leads(database: Database, *, org_id: int, after: int = 0) -> None:
    """Bring the points of all open leads in step with a new rule set."""
    going: int | None = after
    while going is not None:
        with database.begin(org_id) as uow:
            going = None if "score" in uow.off else scoring.refresh_next(uow, after=going)


def purge(database: Database) -> None:
    """Delete technical records that are older than each organization keeps them."""
    for org_id in _organizations(database):
        tidy(database, org_id)
    _purge_deliveries(database, None)


def tidy(database: Database, org_id: int) -> None:
    """What is done each night for one organization."""
    for table, old in _OLD.items():
        statement = text(
            f"delete from {table} where org_id = :org and id in"  # noqa: S608  (constants)
            f" (select id from {table} where org_id = :org and {old} limit :most)"
        )
        _until_done(database, org_id, partial(_delete, statement), AT_ONCE)
    _purge_deliveries(database, org_id)
    forget(database, org_id)
    _until_done(database, org_id, sounding.catch_up, sounding.CHUNK)


def forget(database: Database, org_id: int) -> None:
    """Erase what the organization keeps no longer of its customers."""
    with database.begin(org_id) as uow:
        steps = retention.steps(uow)
    for step in steps:
        _until_done(database, org_id, step, retention.CHUNK)


def rehearse(database: Database, *, org_id: int, rehearsal_id: int) -> None:
    """Count what a rule set would do."""
    rehearsing.count(partial(database.begin, org_id), rehearsal_id)


BY_NAME: dict[str, Callable[..., None]] = {
    queue.REWIND: rewinding.work_off,
    queue.DEAL: deal_leads, queue.REFRESH: refresh_deadlines, queue.RESCORE: rescore_leads,
    queue.REHEARSE: rehearse, queue.DEAL_HELD: deal_held, queue.LOOK: look_for_duplicates,
    queue.ERASE: erasing.work_off,
}  # fmt: skip


def _organizations(database: Database) -> list[int]:
    with database.begin() as uow:
        return list(uow.session.scalars(_ORGANIZATIONS))


def _due(database: Database) -> list[tuple[int, frozenset[str]]]:
    """Organizations with something due, and the modules that each does without."""
    with database.begin() as uow:
        return [(row.org_id, frozenset(row.modules_off or ())) for row in uow.session.execute(_DUE, {"now": uow.now})]


def _until_done(database: Database, org_id: int, work: Callable[[UnitOfWork], int], chunk: int) -> None:
    """A transaction for each chunk, until one is not full.

    Work that never moves what it looks at would keep all else waiting: after `ROUNDS` the rest is for the next time.
    """
    for _ in range(ROUNDS):
        with database.begin(org_id) as uow:
            if work(uow) < chunk:
                return
    log.warning("jobs.left_for_later", org=org_id, work=getattr(work, "__qualname__", repr(work)))


def _delete(statement: TextClause, uow: UnitOfWork) -> int:
    keep = uow.rules.keep
    args = {
        "org": uow.org_id, "most": AT_ONCE, "now": uow.now, "messages": uow.now - keep.messages.longest,
        "decisions": uow.now - keep.decisions.longest,
    }  # fmt: skip
    return _rows(uow, statement, args)


def _purge_deliveries(database: Database, org_id: int | None) -> None:
    """Those of one organization, or those that came from nobody known."""
    while True:
        with database.begin(org_id) as uow:
            keep = uow.rules.keep if org_id else Keep()
            args = {"org": org_id, "before": uow.now - keep.deliveries.longest, "most": AT_ONCE}
            if _rows(uow, _OLD_DELIVERIES, args) < AT_ONCE:
                return


def _rows(uow: UnitOfWork, statement: TextClause, args: dict[str, Any]) -> int:
    """How many rows the statement changed."""
    return int(uow.session.execute(statement, args).rowcount)  # type: ignore[attr-defined]
