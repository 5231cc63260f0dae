"""What each topic looks like, and what being late means. Services name topics; this file owns look and channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Late = Literal["send", "drop"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of message.

    Args:
        card: the template; its arguments are the message's data.
        late: `send` however late it gets; `drop` when it is older than `fresh_for`, or than what its data
            names in `expires_at` (an expired offer is noise).
        wide: goes to a pool's groups, and in chats whose groups have no buttons to each candidate.
        lives: the posted card is edited when its lead changes.
        several: the list that stands for more than a few that wait for the same person; its argument is `each`.
    """

    card: str
    late: Late = "send"
    fresh_for: timedelta = timedelta(hours=12)
    wide: bool = False
    lives: bool = True
    several: str = ""


NOTICES: dict[str, Notice] = {
    "answer": Notice("answer"),
    "lead.dispatched": Notice("pushed"),
    "leads.dispatched": Notice("dealt", lives=False),
    "lead.offered": Notice("offered", late="drop"),
    "group.arrived": Notice("arrived", late="drop", wide=True),
    "desk.batch": Notice("desk"),
    "response.nudge": Notice("response_nudge", late="drop"),
    "response.copy": Notice("response_copy", lives=False),
    "response.taken_back": Notice("response_taken_back", lives=False),
    "lead.assigned": Notice("assigned"),
    "leads.moved_away": Notice("moved_away", lives=False),
    "leads.transferred": Notice("transferred", lives=False),
    "lead.touched": Notice("touched"),
    "lead.warning": Notice("warning", late="drop", several="warnings"),
    "lead.warning_copy": Notice("warning_copy", late="drop", lives=False, several="warnings_copy"),
    "leads.recycled": Notice("recycled", lives=False),
    "pool.arrived": Notice("arrived", late="drop", wide=True),
    "pool.recycled": Notice("pool_recycled", late="drop", wide=True),
    "recycle.stopped": Notice("recycle_stopped", lives=False),
    "run.rewound": Notice("run_rewound", lives=False),
    "run.corrected": Notice("run_corrected", lives=False),
    "lead.aside": Notice("aside"),
    "lead.woken": Notice("woken"),
    "dispatch.held": Notice("held", lives=False),
    "task.due": Notice("reminder", several="reminders"),
    "digest": Notice("digest", lives=False),
    "health": Notice("health", lives=False),
    "import.done": Notice("imported", lives=False),
    "channel.broken": Notice("channel_broken", lives=False),
    "rules.rehearsed": Notice("rehearsal", lives=False),
    "tour": Notice("tour", lives=False),
}
