"""The parts of Sluice that an organization can do without. An off one has no word, no button, no card and no route.

Every command, button, notice, duty and route says where it is declared to which part it belongs; `core` always stays.
"""

from __future__ import annotations

from crm.errors import _

CORE = "core"
MODULES = {
    "api": _("Read API, and its tokens"),
    "asking": _("Questions to colleagues, and leads shown to them"),
    "calendar": _("Reminders as a calendar feed"),
    "contacts": _("Contacts of WeCom that follow their lead"),
    "digests": _("Digests of a team's funnel"),
    "duplicates": _("Alike customers, and merging them"),
    "events": _("Events with sign-in page, helpers and materials"),
    "export": _("Export of decisions"),
    "files": _("Files with follow-ups"),
    "forms": _("Forms for visitors, hosted here"),
    "funnel": _("Funnels on demand"),
    "health": _("The week's health card"),
    "hooks": _("Calls to other systems when something happens"),
    "nurturing": _("Parking leads until a date or a sign of life"),
    "own_lists": _("Stars, an order of one's own, saved lists"),
    "score": _("Points that lapse with time"),
    "sheets": _("Sheets of customers dropped into the chat"),
}
