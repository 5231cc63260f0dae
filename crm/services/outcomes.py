"""What becomes of leads that dispatch decides about, in the words that decisions and cards know, and the push card."""

from __future__ import annotations

from crm.services.decisions import Verdict
from crm.uow import UnitOfWork

AFFINITY = "affinity"
# What becomes of a lead that is dealt to nobody yet, by the rule's mode, and by what it says when nobody is left.
WAITS = {"group": "grouped", "desk": "desk"}
NOBODY = {"pool": "pooled", "hold": "held", "manager": "desk"}
# Under these names a decision's facts tell in which branch's part the lead fell, and that others have waited longer.
BRANCH, BEHIND = "branch", "behind"

# For which branch a lead `l` waits that is counted as of its part. Holds and pauses in between write over the column,
# but the decision by which it began to wait stands.
WAITS_FOR = f"""
    coalesce(l.held_for, case when l.held_since is not null then (
        select d.facts->>'{BRANCH}' from decision d
        where d.org_id = l.org_id and d.lead_id = l.id and d.kind = 'dispatch' and d.outcome = 'held'
          and d.at >= l.held_since
        order by d.id desc limit 1) end)
"""  # noqa: S608  (a constant)


def tell(uow: UnitOfWork, verdict: Verdict) -> None:
    """Owe the new owner the push card."""
    uow.notify(
        "lead.dispatched", to=verdict.member_id, lead=verdict.lead_id, key=f"dispatched:{verdict.decision_id}",
        data={"lead": verdict.lead_id, "decision": verdict.decision_id},
    )  # fmt: skip
