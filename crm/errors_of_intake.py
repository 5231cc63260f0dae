"""Refusals about how posts of a source are written."""

from __future__ import annotations

from crm.errors import Refusal, _


class FormatUnknown(Refusal):
    code = "format_unknown"
    message = _("I know no format “{given}”. There are: {names}. Any other is described in a file: sluice sources add")


class FormatUnclear(Refusal):
    code = "format_unclear"
    message = _("I cannot read posts by this description: {problem}. Correct it and try it with: sluice sources try")


class FieldNotOurs(Refusal):
    code = "field_not_ours"
    message = _("A lead has no field “{given}”. Type it like this: sources fields form field_1=name field_2=phone")
