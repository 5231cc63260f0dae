"""What somebody has done before, so that help can begin with what is new to them."""

from __future__ import annotations

from sqlalchemy import text

from crm.rules.access import Actor
from crm.uow import UnitOfWork

# By what a command leaves on a timeline.
_BY_VERB = {
    "claimed": "claim", "logged": "log", "noted": "note", "task_set": "remind", "task_done": "done", "stage": "stage",
    "won": "won", "lost": "lost", "released": "release", "extended": "extend", "protected": "protect",
    "parked": "nurture", "held": "hold", "assigned": "assign", "transferred": "transfer", "accepted": "accept",
    "created": "new", "moved": "move", "merged": "merge", "asked": "ask", "shared": "share", "undone": "undo",
}  # fmt: skip
_USED = text(
    """
    select distinct 'verb' as kind, recent.verb as name from (
        select verb from activity where org_id = :org and actor_id = :me order by at desc limit :most) recent
    where recent.verb = any(:verbs)
    union all select 'word', 'star' where exists (select from star where org_id = :org and member_id = :me)
    union all select 'word', 'list' where exists (select from saved_list where org_id = :org and member_id = :me)
    union all select 'word', 'leave' where exists (select from leave where org_id = :org and member_id = :me)
    union all select 'word', 'digest' where exists (
        select from digest_subscription where org_id = :org and member_id = :me)
    union all select 'word', p.word from member m
        join (values ('notify', 'notify'), ('locale', 'lang'), ('sort', 'sort')) as p(key, word)
          on m.preferences ? p.key
        where m.org_id = :org and m.id = :me
    """
)
# So many of the newest entries are looked at: what was not used for so long may be told once more.
MOST = 2000


def used(uow: UnitOfWork, actor: Actor) -> frozenset[str]:
    """The first words of the commands that the actor is known to have given."""
    args = {"org": uow.org_id, "me": actor.id, "verbs": list(_BY_VERB), "most": MOST}
    rows = uow.session.execute(_USED, args)
    return frozenset(_BY_VERB[row.name] if row.kind == "verb" else row.name for row in rows)
