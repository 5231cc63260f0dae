"""The job engine's sending side: jobs are deferred by name, on the transaction's own connection.

A job therefore commits or vanishes with the fact that caused it. The worker (`ops/`) registers the functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procrastinate import App, SyncPsycopgConnector
from procrastinate.jobs import Job
from sqlalchemy.orm import Session

_app = App(connector=SyncPsycopgConnector())

DELIVER, EDIT, DISPATCH, TICK = "deliver", "edit_card", "dispatch_lead", "tick"
DEAL, REFRESH, RESCORE = "deal_leads", "refresh_deadlines", "rescore_leads"
REHEARSE, DEAL_HELD = "rehearse_rules", "deal_held"
REWIND = "rewind_run"
THREAD = "tell_thread"
READ_SHEET, TAKE_SHEET = "read_sheet", "take_sheet"
LOOK = "look_for_duplicates"
CONTACT, COLLEAGUE, MOVES = "read_contact", "read_colleague", "move_contacts"
FETCH, FETCH_LEAD = "fetch_file", "fetch_lead"
SMS = "send_code"
PLAN, CALL = "plan_calls", "call_hook"
ERASE = "erase_person"
QUICK, BULK = "quick", "bulk"


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be: its name, arguments, and when. `lock` keeps one posted card's jobs in line, never with a wait."""

    task: str
    args: Mapping[str, Any]
    at: datetime | None = None
    lock: str | None = None
    queue: str = QUICK


def card_lock(card_id: int, place: str) -> str:
    """The lock of what changes one posted card."""
    return f"card:{place or card_id}"


def defer(session: Session, orders: Iterable[Order]) -> None:
    """Write the jobs in one statement inside the session's transaction."""
    jobs = [
        Job(
            id=None, queue=order.queue, lock=order.lock, queueing_lock=None, task_name=order.task,
            task_kwargs=dict(order.args), scheduled_at=order.at,
        )
        for order in orders
    ]  # fmt: skip
    if jobs:
        _app.job_manager.batch_defer_jobs(jobs, connection=session.connection().connection.driver_connection)
