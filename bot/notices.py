"""What each topic looks like, and what being late means. Services name topics; this file owns look and channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bot.cards.language import _
from crm.rules.modules import CORE

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
        group: what a member tunes it by (`crm.rules.notices.GROUPS`); empty for what was just asked for.
        urgent: it belongs to its minute, so quiet hours and the daily cap let it through.
        module: where that is switched off, it is not sent.
        why: ends the sentence "You get this because ..."; `{lead}` names the lead.
    """

    card: str
    late: Late = "send"
    fresh_for: timedelta = timedelta(hours=12)
    wide: bool = False
    lives: bool = True
    several: str = ""
    group: str = ""
    urgent: bool = False
    why: str = ""
    module: str = CORE


_OWN = _("you own {lead}")
_MANAGE = _("you manage whoever owns {lead}")
_WAS = _("{lead} was yours")
_MAY = _("you may claim from this pool")
_TEAM = _("you manage the people it is about")

NOTICES: dict[str, Notice] = {
    "answer": Notice("answer"),
    "lead.dispatched": Notice("pushed", several="several", group="leads", why=_("a rule gave {lead} to you")),
    "leads.dispatched": Notice("dealt", lives=False, group="leads", why=_("a rule gave {lead} to you")),
    "lead.offered": Notice("offered", late="drop", several="several", group="leads", why=_("it is your turn")),
    "group.arrived": Notice("arrived", late="drop", wide=True, group="leads", why=_("your team may take it")),
    "desk.batch": Notice("desk", group="team", why=_("you deal what comes for your team")),
    "response.nudge": Notice("response_nudge", late="drop", several="several", group="warnings", why=_OWN),
    "response.copy": Notice("response_copy", lives=False, several="several", group="copies", why=_MANAGE),
    "response.taken_back": Notice("response_taken_back", lives=False, several="several", group="losses", why=_WAS),
    "lead.assigned": Notice("assigned", several="several", group="leads", why=_("a colleague gave {lead} to you")),
    "leads.moved_away": Notice("moved_away", lives=False, group="losses", why=_WAS),
    "leads.transferred": Notice("transferred", lives=False, group="leads", why=_("a colleague gave {lead} to you")),
    "duplicate.found": Notice(
        "duplicate_found", group="team", why=_("you decide what two of your customers are"), module="duplicates"
    ),
    "duplicate.answered": Notice(
        "duplicate_answered", lives=False, group="leads", why=_("you asked about a customer"), module="duplicates"
    ),
    "duplicate.shared": Notice("duplicate_shared", group="news", why=_OWN, module="duplicates"),
    "lead.merged": Notice("merge_gained", group="news", why=_OWN),
    "lead.merged_away": Notice("merge_lost", lives=False, group="losses", why=_("you had a lead of this customer")),
    "lead.unmerged": Notice("merge_parted", group="leads", why=_WAS),
    "lead.erased": Notice("lead_erased", lives=False, group="losses", why=_WAS),
    "person.erased": Notice("person_erased", lives=False),
    "lead.touched": Notice("touched", group="news", why=_OWN),
    "lead.warning": Notice("warning", late="drop", several="warnings", group="warnings", why=_OWN),
    "lead.warning_copy": Notice(
        "warning_copy", late="drop", lives=False, several="warnings_copy", group="copies", why=_MANAGE
    ),
    "leads.recycled": Notice("recycled", lives=False, group="losses", why=_WAS),
    "pool.arrived": Notice("arrived", late="drop", wide=True, group="pool", why=_MAY),
    "pool.recycled": Notice("pool_recycled", late="drop", wide=True, group="pool", why=_MAY),
    "shadow": Notice("shadow", lives=False, group="team", why=_TEAM),
    "recycle.stopped": Notice("recycle_stopped", lives=False, group="team", urgent=True, why=_TEAM),
    "run.rewound": Notice("run_rewound", lives=False, group="team", why=_TEAM),
    "run.corrected": Notice("run_corrected", lives=False, group="losses", why=_("you were told of it before")),
    "lead.aside": Notice("aside", several="several", group="news", why=_OWN),
    "lead.woken": Notice("woken", several="several", group="news", why=_OWN),
    "dispatch.held": Notice("held", lives=False, group="team", why=_("you manage those who could take it")),
    "task.due": Notice(
        "reminder", several="reminders", group="reminders", urgent=True, why=_("you asked for this reminder")
    ),
    "task.team": Notice("team_task", group="reminders", urgent=True, why=_("your team was asked")),
    "task.untaken": Notice("task_untaken", group="copies", why=_("you manage the team that was asked")),
    "question.asked": Notice(
        "question", group="reminders", urgent=True, why=_("a colleague asks you about {lead}"), module="asking"
    ),
    "question.answered": Notice("question", group="reminders", why=_("you asked about {lead}"), module="asking"),
    "question.due": Notice("question", group="reminders", why=_("a colleague waits for your answer"), module="asking"),
    "question.late": Notice("question", group="reminders", why=_("you asked about {lead}"), module="asking"),
    "file.refused": Notice("file_refused", lives=False, module="files"),
    "lead.shared": Notice("lead_shared", group="news", why=_("a colleague shows {lead} to you"), module="asking"),
    "event.signed_in": Notice("signed_in", late="drop", group="news", urgent=True, why=_OWN, module="events"),
    "event.question": Notice(
        "event_question", group="reminders", urgent=True, why=_("a visitor of your event asks"), module="events"
    ),
    "event.question_due": Notice(
        "event_question",
        group="reminders",
        urgent=True,
        why=_("a visitor of your event waits for an answer"),
        module="events",
    ),
    "digest": Notice("digest", lives=False, group="digests", why=_("you asked for this digest"), module="digests"),
    "health": Notice("health", lives=False, group="digests", why=_("you manage a team"), module="health"),
    "notices.held": Notice("collected", lives=False),
    "contact.added": Notice(
        "contact_added", several="several", group="leads", why=_("you added this customer in WeChat"), module="contacts"
    ),
    "contact.contested": Notice(
        "contact_contested", lives=False, group="team", why=_("two of you work on {lead}"), module="contacts"
    ),
    "contact.lost": Notice("contact_lost", lives=False, group="news", why=_OWN, module="contacts"),
    "contact.moved": Notice(
        "contact_moved", lives=False, group="news", why=_("{lead} was handed to you"), module="contacts"
    ),
    "member.left": Notice("member_left", lives=False, group="team", urgent=True, why=_TEAM),
    "member.back": Notice("member_back", lives=False, group="team", why=_TEAM),
    "member.timed_out": Notice("member_timed_out", lives=False, group="team", why=_TEAM),
    "leads.taken_over": Notice("briefing", lives=False, group="leads", why=_("a colleague's leads are yours now")),
    "members.new": Notice("members_new", lives=False, group="team", why=_("you are an admin")),
    "source.silent": Notice("source_silent", lives=False, group="team", why=_("you look after the sources")),
    "source.not_fetched": Notice("source_not_fetched", lives=False, group="team", why=_("you look after the sources")),
    "source.back": Notice("source_back", lives=False, group="team", why=_("you look after the sources")),
    "sheet": Notice("dropped", module="sheets"),
    "import.done": Notice("imported", lives=False),
    "hook.failed": Notice("hook_failed", lives=False, module="hooks"),
    "channel.broken": Notice("channel_broken", lives=False),
    "rules.rehearsed": Notice("rehearsal", lives=False),
    "tour": Notice("tour", lives=False),
}
# What a daily cap does not count: answers, and what somebody has just asked for.
UNCOUNTED = frozenset(topic for topic, notice in NOTICES.items() if not notice.group)
