"""Refusals about one pool, one kind of lead, and what may be shielded, looked at or moved."""

from __future__ import annotations

from crm.errors import Refusal, _


class PoolWaits(Refusal):
    code = "pool_waits"
    message = _("Nothing can be claimed just now. The next lead opens {until}.")


class ClaimUnclear(Refusal):
    code = "claim_unclear"
    message = _("{ref}, which you looked at last, or the best of the pool? A claim stays counted, so I ask.")


class PoolQuotaReached(Refusal):
    code = "pool_quota_reached"
    message = _(
        "You have claimed {used} of {limit} leads {period} from {pool}. From there you can claim again {again},"
        " from other pools now."
    )


class NotYourTurn(Refusal):
    code = "not_your_turn"
    message = _("In {pool} everybody may claim {limit} in {within}. Your next turn is {again}.")


class ForNewcomers(Refusal):
    code = "for_newcomers"
    message = _("{pool} is for the first {within} with the company. Type pool to see what you can claim.")


class NotYetAdmitted(Refusal):
    code = "not_yet_admitted"
    message = _("{pool} is for colleagues of {within} and more. You can claim from it {until}.")


class TeamHoldsEnough(Refusal):
    code = "team_holds_enough"
    message = _(
        "{team} holds {held} leads and may claim from {pool} while it holds fewer than {limit}."
        " Close or release some, or claim from another pool."
    )


class LevelFull(Refusal):
    code = "level_full"
    message = _("You hold {held} of {limit} leads of level {level}. Release or close one, or claim another level.")


class SourceFull(Refusal):
    code = "source_full"
    message = _("You hold {held} of {limit} leads from {source}. Release or close one, or claim from another source.")


class MemberFullOf(Refusal):
    code = "member_full_of"
    message = _("{member_id} holds {held} of {limit} leads of this kind ({value}) and cannot take this one.")


class ProtectionOff(Refusal):
    code = "protection_off"
    message = _("Leads cannot be protected here. A follow-up keeps {ref}, or: extend {ref}")


class ProtectionsUsed(Refusal):
    code = "protections_used"
    message = _("{used} of {limit} leads are protected already: {names}. Lift one first: unprotect L-n")


class ProtectedTooLong(Refusal):
    code = "protected_too_long"
    message = _("A lead can be protected for {within} at most, now until {until}. Name an earlier time.")


class NotProtected(Refusal):
    code = "not_protected"
    message = _("{ref} is not protected. To shield it, type: protect {ref}")


class RevealsOff(Refusal):
    code = "reveals_off"
    message = _("The contact is shown once the lead is yours: claim {ref}")


class RevealsUsed(Refusal):
    code = "reveals_used"
    message = _(
        "You have looked at {used} of {limit} contacts today. You can look again {again}, or take it: claim {ref}"
    )


class NotPoolAdmin(Refusal):
    code = "not_pool_admin"
    message = _("Only admins and the admin of {pool} can do that: {admin_id}.")


class NothingFits(Refusal):
    code = "nothing_fits"
    message = _("No open lead of your people fits. Say less, or see the words that narrow down with: help my")


class NothingToMove(Refusal):
    code = "nothing_to_move"
    message = _("No free lead in {pool} fits. Type pool {pool} to see what lies there.")
