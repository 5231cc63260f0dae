"""Refusals of limits: somebody asks faster, searches or takes out more than one person may."""

from __future__ import annotations

from crm.errors import Refusal, _


class TooFast(Refusal):
    code = "too_fast"
    message = _("That was more than {limit} in a minute, so it was not done. Go on in {seconds} seconds.")


class TooBusy(Refusal):
    code = "too_busy"
    message = _("Your company asks more than {limit} times in a minute. Try again in {seconds} seconds.")


class SearchesUsed(Refusal):
    code = "searches_used"
    message = _("You have searched {limit} times within a minute. Search again in {seconds} seconds.")


class ExportsUsed(Refusal):
    code = "exports_used"
    message = _("You have taken out {used} of {limit} files today. You can take out more {again}.")
