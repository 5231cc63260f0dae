"""A row for every verb of the services that somebody acts with: how it is called, and who may; or why it needs none."""

from __future__ import annotations

from tests.promises.access.verbs_of_leading import OF_LEADING
from tests.promises.access.verbs_of_leads import OF_LEADS
from tests.promises.access.verbs_of_work import OF_WORK

VERBS = OF_LEADS | OF_WORK | OF_LEADING
# Not doors of their own: why nobody gets anywhere by them.
INNER = {
    "sets something about oneself alone": (
        "members.set_duty", "members.set_locale", "members.set_toured", "members.remember_past",
        "members.remember_setting", "members.undo_setting", "preferences.reset", "preferences.set_chat",
        "preferences.set_mode", "preferences.set_most", "preferences.set_quiet", "preferences.set_summary",
        "preferences.unmute", "saved_lists.remember",
    ),
    "reads something about oneself alone": (
        "agenda.day", "agenda.moments", "habits.used", "orders.of", "preferences.are_own", "preferences.can_undo",
        "preferences.chats", "reveals.seen", "reveals.used", "saved_lists.find", "saved_lists.last",
        "saved_lists.understood", "pools.in_charge", "funnel.scope_of", "leads.scope",
    ),
    "is a check that others ask": (
        "arbitration.may_decide", "assignments.own", "claim_checks.full", "claim_checks.lock", "claim_checks.no_room",
        "claim_checks.refusal", "creation.refuse_known", "creation.refuse_open", "dropped_sheets.may_give_to_company",
        "forms.check_keeper", "hand_overs.may", "moving.manages", "offers.refuse_claim", "pools.is_admin",
        "reserving.refusal", "sources.check_keeper", "sources.may_see", "taking_out.check", "tasks.own",
    ),
    "is tried by its words, which need the deed before": (
        "briefings.of", "person_export.issue", "restricting.resume", "restricting.stop", "shadowing.leads",
        "shadowing.losing", "source_formats.create", "source_formats.describe", "source_formats.keep_vendor_secret",
        "source_formats.name_fields",
    ),
    "is a part of another verb, which has looked": (
        "agenda.of_team",
        "arbitration.ask", "arbitration_views.face", "arbitration_views.spoken_lately", "assignments.hand_over",
        "attachments.announce", "attachments.attach", "attachments.issue", "downloads.issue", "intake.opening",
        "intake.of_lead", "intake_many.take_in_many", "lead_values.write", "leads.of_persons", "moving.move_back",
        "sheet_rows.take_for_member", "tickets.issue", "unmerging.take_back",
    ),
}  # fmt: skip
