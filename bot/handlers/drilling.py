"""From a figure of the digest to the leads behind it: a look beside, which leaves the digest as it is."""

from __future__ import annotations

from bot.arguments import Word
from bot.context import Context, Reply
from bot.router import action

MODULE = "digests"
EVERYBODY = "-"


@action("digest.look", guards=False)
def look(context: Context, department: Word, what: Word) -> Reply:
    """`12 stage:quote`: each sees of the team's leads what each may see."""
    context.need_member()
    team = int(department) if department.isdigit() else None
    return Reply("drilled", {"department": team, "what": str(what)}, glance=True)
