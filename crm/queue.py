"""The job engine's sending side: jobs are deferred by name, on the transaction's own connection.

A job therefore commits or vanishes with the fact that caused it. The worker (`ops/`) registers the functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def written(orders: Iterable[Order]) -> str:
    """The jobs to be as JSON, for the statement that closes a transaction."""
    return json.dumps(
        [
            {
                "queue": order.queue, "task": order.task, "lock": order.lock, "args": dict(order.args),
                "at": order.at.isoformat() if order.at else None,
            }
            for order in orders
        ]
    )  # fmt: skip
