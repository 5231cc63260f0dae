"""Refusals about leads that wait for certain people: on offer, before a team, or on a manager's desk."""

from __future__ import annotations

from crm.errors import Refusal, _


class LeadOnOffer(Refusal):
    code = "lead_on_offer"
    message = _("{ref} is on offer to {by_id} until {until}. If it is not taken up, it goes on.")


class OfferedToYou(Refusal):
    code = "offered_to_you"
    message = _("{ref} is offered to you until {until}. Take it: accept {ref}")


class TeamOnly(Refusal):
    code = "team_only"
    message = _("{ref} is for another team until {until}. After that you can claim it.")


class NotOffered(Refusal):
    code = "not_offered"
    message = _("{ref} is not offered to you. Type today to see what is.")


class NothingOffered(Refusal):
    code = "nothing_offered"
    message = _("No lead is offered to you now. Type pool to see what you can claim.")


class OfferTaken(Refusal):
    code = "offer_taken"
    message = _("Your offer of {ref} is over. {by_id} has the lead now.")


class OfferPassedOn(Refusal):
    code = "offer_passed_on"
    message = _("Your offer of {ref} is over. The lead is offered to {by_id} now.")


class OfferOver(Refusal):
    code = "offer_over"
    message = _("Your offer of {ref} is over. Nobody has the lead yet; somebody else is asked.")


class DayShareReached(Refusal):
    code = "day_share_reached"
    message = _("You have had your share of leads. {ref} goes to somebody else when the offer is over.")


class DeskEmpty(Refusal):
    code = "desk_empty"
    message = _("Nothing lies on your desk now.")


class NotOnDesk(Refusal):
    code = "not_on_desk"
    message = _("{ref} does not lie on your desk any more.")


class MemberAway(Refusal):
    code = "member_away"
    message = _("{member_id} is on leave today.")


class MemberHadShare(Refusal):
    code = "member_had_share"
    message = _("{member_id} has had the share of leads that the rule allows.")
