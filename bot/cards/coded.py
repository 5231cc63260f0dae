"""What the codes on a lead's timeline are called: kinds of contact, outcomes, channels and verbs.

One word is looked up at a time: a template would translate its whole table for each line that it draws.
"""

from __future__ import annotations

from bot.cards.language import _

KINDS = {
    "phone": _("Phone"),
    "email": _("E-mail"),
    "wechat": _("WeChat"),
}
OUTCOMES = {
    "connected": _("connected"),
    "no_answer": _("no answer"),
    "interested": _("interested"),
    "not_interested": _("not interested"),
    "wrong_number": _("wrong number"),
    "do_not_contact": _("do not contact"),
    "meeting_set": _("meeting set"),
    "quote_requested": _("wants a quote"),
    "callback": _("call back"),
}
CHANNELS = {
    "call": _("call"),
    "visit": _("visit"),
    "message": _("message"),
    "email": _("e-mail"),
    "wechat": _("WeChat"),
    "meeting": _("meeting"),
    "note": _("note"),
}
VERBS = {
    "created": _("entered"),
    "touched": _("came in again"),
    "claimed": _("claimed"),
    "dispatched": _("dispatched"),
    "offered": _("offered"),
    "accepted": _("accepted"),
    "declined": _("declined"),
    "offer_expired": _("did not answer the offer"),
    "taken_back": _("taken back"),
    "line_parked": _("parked until its day"),
    "line_opened": _("opened after the purchase"),
    "followed": _("is followed by another lead"),
    "assigned": _("assigned"),
    "transferred": _("transferred"),
    "released": _("released"),
    "recycled": _("recycled"),
    "logged": _("followed up"),
    "noted": _("noted"),
    "agreed": _("noted the consent of the customer"),
    "stage": _("changed the stage"),
    "won": _("won"),
    "lost": _("lost"),
    "reopened": _("reopened"),
    "extended": _("extended"),
    "task_set": _("set a reminder"),
    "task_asked": _("asked a team"),
    "task_taken": _("took it for the team"),
    "task_done": _("finished a reminder"),
    "task_moved": _("moved a reminder"),
    "undone": _("took a step back"),
    "merged": _("merged"),
    "merged_away": _("merged into another lead"),
    "unmerged": _("taken apart"),
    "edited": _("changed the fields"),
    "held": _("put on hold"),
    "unheld": _("ended the hold"),
    "parked": _("parked"),
    "woken": _("back as the next wave"),
    "unparked": _("came back from being parked"),
    "rewound": _("taken back with its run"),
    "protected": _("protected"),
    "unprotected": _("lifted the protection"),
    "revealed": _("looked at the contact"),
    "erased": _("erased the personal data"),
    "restricted": _("set the customer aside"),
    "unrestricted": _("lets work go on"),
    "moved": _("moved to another pool"),
    "asked": _("asked a colleague"),
    "answered": _("answered"),
    "asked_back": _("asked back"),
    "not_answered": _("cannot say"),
    "shared": _("showed it to a colleague"),
    "contact_lost": _("was deleted as a contact by the customer"),
    "contact_removed": _("deleted the customer as a contact"),
    "contact_edited": _("changed the contact"),
    "contact_moved": _("took the contact over"),
    "contact_stays": _("did not get the contact"),
}
TABLES = {"kind": KINDS, "outcome": OUTCOMES, "channel": CHANNELS, "verb": VERBS}
