"""What is done with a lead."""

from __future__ import annotations

from datetime import timedelta

from crm.services import (
    agenda,
    asking,
    assignments,
    attachments,
    drilling,
    follow_ups,
    holding,
    lead_values,
    leads,
    merging,
    nurturing,
    orders,
    passing_on,
    pipeline,
    recent_leads,
    relogging,
    resembling,
    reveals,
    sharing,
    shields,
    undo,
    unmerging,
    warnings,
)
from crm.services.follow_ups import FollowUp
from crm.services.pipeline import StageView
from tests import build
from tests.promises.access.calls import Verb
from tests.promises.access.expected import MEMBERS, entry, free, here, lead, only, theirs

_QUOTE = StageView("quote", "Quote", "报价", "opportunity", 3)
_SOON = build.NOW + timedelta(days=2)
_HERS = only("owner", others="0")
_ASKED = only("owner", "manager", others="0")
OF_LEADS: dict[str, Verb] = {
    "asking.ask": (lambda c: asking.ask(c.uow, colleague=c.who("bob"), words="5%?", **c.on("owned")), lead()),
    "asking.decline": (lambda c: asking.decline(c.uow, question=c.question(), **c.by), only("manager", others="0")),
    "asking.done": (lambda c: asking.done(c.uow, question=c.question(), **c.by), _HERS),
    "asking.get": (lambda c: c.question(), _ASKED),
    "asking.reply": (lambda c: asking.reply(c.uow, question=c.question(), words="fine", **c.by), _ASKED),
    "asking.view": (lambda c: asking.view(c.uow, question_id=c.g["question"], **c.by), MEMBERS),
    "asking.waiting": (lambda c: asking.waiting(c.uow, **c.by), MEMBERS),
    "assignments.assign": (
        lambda c: assignments.assign(c.uow, to=c.who("bob"), **c.on("owned")),
        lead("assign"),
    ),
    "assignments.assign_best": (
        lambda c: assignments.assign_best(c.uow, to=c.who("bob"), found=[c.at("free")], **c.by),
        here(only("manager", "admin")),
    ),
    "assignments.claim": (lambda c: assignments.claim(c.uow, ref=c.g["free"], **c.by), free("claim")),
    "assignments.claim_best": (
        lambda c: assignments.claim_best(c.uow, **c.by),
        only("owner", "mate", "manager", "stranger", "rival", "admin"),
    ),
    "assignments.release": (lambda c: assignments.release(c.uow, reason="no", **c.on("owned")), lead("work")),
    "assignments.transfer_all": (
        lambda c: assignments.transfer_all(c.uow, giver=c.who("ann"), to=c.who("bob"), **c.by),
        here(only("manager", "admin")),
    ),
    "passing_on.hand_over": (lambda c: passing_on.hand_over(c.uow, to=c.who("bob"), **c.on("owned")), lead("work")),
    "passing_on.colleagues": (lambda c: passing_on.colleagues(c.uow, **c.by), MEMBERS),
    "sharing.share": (lambda c: sharing.share(c.uow, colleague=c.who("bob"), **c.on("owned")), lead()),
    "follow_ups.log": (lambda c: follow_ups.log(c.uow, said=FollowUp(note="called"), **c.on("owned")), lead("work")),
    "follow_ups.note": (lambda c: follow_ups.note(c.uow, words="French", **c.on("owned")), lead()),
    "relogging.correct": (
        lambda c: relogging.correct(c.uow, activity_id=c.g["activity"], outcome="interested", **c.by),
        entry("owner"),
    ),
    "relogging.lead_of": (lambda c: relogging.lead_of(c.uow, activity_id=c.g["activity"], **c.by), entry()),
    "pipeline.move": (lambda c: pipeline.move(c.uow, stage=_QUOTE, **c.on("owned")), lead("work")),
    "pipeline.won": (lambda c: pipeline.won(c.uow, **c.on("owned")), lead("work")),
    "pipeline.lost": (lambda c: pipeline.lost(c.uow, reason="price", **c.on("owned")), lead("work")),
    "pipeline.reopen": (lambda c: pipeline.reopen(c.uow, stage=_QUOTE, **c.on("won")), lead("work")),
    "holding.hold": (lambda c: holding.hold(c.uow, until=_SOON, reason="moving", **c.on("owned")), lead("hold")),
    "holding.unhold": (lambda c: holding.unhold(c.uow, **c.on("held")), lead("hold")),
    "nurturing.nurture": (lambda c: nurturing.nurture(c.uow, until=_SOON, **c.on("owned")), lead("work")),
    "nurturing.fetch": (lambda c: nurturing.fetch(c.uow, **c.on("parked")), lead("work")),
    "nurturing.mine": (lambda c: nurturing.mine(c.uow, **c.by), MEMBERS),
    "nurturing.count_mine": (lambda c: nurturing.count_mine(c.uow, **c.by), MEMBERS),
    "shields.protect": (lambda c: shields.protect(c.uow, **c.on("owned")), lead("work")),
    "shields.unprotect": (lambda c: shields.unprotect(c.uow, **c.on("shielded")), lead("work")),
    "warnings.extend": (lambda c: warnings.extend(c.uow, **c.on("owned")), lead("work")),
    "merging.merge": (lambda c: merging.merge(c.uow, one=c.at("owned"), other=c.at("twin"), **c.by), lead("work")),
    "merging.preview": (lambda c: merging.preview(c.uow, one=c.at("owned"), other=c.at("twin"), **c.by), lead("work")),
    "unmerging.unmerge": (lambda c: unmerging.unmerge(c.uow, ref=c.g["owned"], **c.by), theirs()),
    "reveals.reveal": (lambda c: reveals.reveal(c.uow, ref=c.g["free"], **c.by), free("reveal")),
    "reveals.contacts": (lambda c: reveals.contacts(c.uow, lead_id=c.g["free_id"], **c.by), MEMBERS),
    "lead_values.edit": (lambda c: lead_values.edit(c.uow, given={"region": "East"}, **c.on("owned")), lead("work")),
    "leads.access": (lambda c: c.at("owned"), lead()),
    "leads.access_id": (lambda c: leads.access_id(c.uow, lead_id=c.g["lead_id"], **c.by), lead()),
    "leads.find": (lambda c: leads.find(c.uow, words="Zephyrina", **c.by), MEMBERS),
    "leads.many": (lambda c: leads.many(c.uow, lead_ids=[c.g["lead_id"]], **c.by), MEMBERS),
    "leads.mine": (lambda c: leads.mine(c.uow, **c.by), MEMBERS),
    "agenda.at_risk": (lambda c: agenda.at_risk(c.uow, **c.by), MEMBERS),
    "agenda.due": (lambda c: agenda.due(c.uow, until=_SOON, **c.by), MEMBERS),
    "agenda.following": (lambda c: agenda.following(c.uow, **c.by), MEMBERS),
    "agenda.mine": (lambda c: agenda.mine(c.uow, **c.by), MEMBERS),
    "drilling.behind": (
        lambda c: drilling.behind(c.uow, department_id=c.g["north"], what="stage:new", **c.by),
        MEMBERS,
    ),
    "resembling.find": (lambda c: resembling.find(c.uow, words="Zephyrnia", **c.by), MEMBERS),
    "recent_leads.alike": (lambda c: recent_leads.alike(c.uow, name="Zephyrina", **c.by), MEMBERS),
    "recent_leads.last": (lambda c: recent_leads.last(c.uow, place="1:", **c.by), MEMBERS),
    "recent_leads.likely": (lambda c: recent_leads.likely(c.uow, **c.by), MEMBERS),
    "attachments.erase": (
        lambda c: attachments.erase(c.uow, attachment_id=c.g["file"], **c.by),
        only("owner", "manager", "admin"),
    ),
    "attachments.get": (
        lambda c: attachments.get(c.uow, attachment_id=c.g["file"], **c.by).name,
        only("owner", "manager", "admin"),
    ),
    "attachments.of_lead": (
        lambda c: [each.name for each in attachments.of_lead(c.uow, lead=c.at("owned"))],
        lead(),
    ),
    "orders.star": (lambda c: orders.star(c.uow, **c.on("owned")), lead()),
    "orders.sort": (lambda c: orders.sort(c.uow, by="score", **c.by), MEMBERS),
    "undo.undo": (lambda c: undo.undo(c.uow, activity_id=c.g["activity"], **c.by), only("owner")),
    "undo.undoable": (lambda c: undo.undoable(c.uow, lead_id=c.g["lead_id"], **c.by), MEMBERS),
}
