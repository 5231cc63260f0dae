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
    "score": _("Points that lapse with time; off, they no longer lapse and new rules do not change them"),
    "sheets": _("Sheets of customers dropped into the chat"),
}
# The same words in Chinese, as they are shown and may be typed.
SPOKEN = {
    "api": "接口", "asking": "询问", "calendar": "日历", "contacts": "企微联系人", "digests": "简报",
    "duplicates": "查重", "events": "活动", "export": "导出", "files": "附件", "forms": "表单", "funnel": "漏斗",
    "health": "体检", "hooks": "回调", "nurturing": "培育", "own_lists": "个人列表", "score": "评分", "sheets": "表格",
}  # fmt: skip
