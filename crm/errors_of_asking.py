"""Refusals about whom a line means, questions among colleagues, and files that came with a message."""

from __future__ import annotations

from crm.errors import Refusal, _


class LeadUnknown(Refusal):
    code = "lead_unknown"
    message = _("I know no lead of that name. Choose one, or enter the customer: your words are kept.")


class LeadWanted(Refusal):
    code = "lead_wanted"
    message = _("Which lead is it about? Choose one: your words are kept.")


class LineGone(Refusal):
    code = "line_gone"
    message = _("That is done already, or was too long ago. Type it again if it is still to be done.")


class QuestionNotFound(Refusal):
    code = "question_not_found"
    message = _("There is no question {ref} for you. Type questions to see yours.")


class QuestionClosed(Refusal):
    code = "question_closed"
    message = _("{ref} is closed. Ask anew: ask {lead} and a colleague's name")


class AskedOneself(Refusal):
    code = "asked_oneself"
    message = _("You cannot ask yourself. To be reminded of something, type: remind {ref} tomorrow 9:00")


class SharedWithOneself(Refusal):
    code = "shared_with_oneself"
    message = _("You have it already. To look at it, type: lead {ref}")


class FileGone(Refusal):
    code = "file_gone"
    message = _("That file is not here any more.")


class FileUnwanted(Refusal):
    code = "file_unwanted"
    message = _("I take pictures, recordings and PDF of up to {limit} MB, and sheets (CSV, XLSX) to import.")
