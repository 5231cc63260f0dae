"""Refusals about forms and events."""

from __future__ import annotations

from crm.errors import Refusal, _


class EventNotFound(Refusal):
    code = "event_not_found"
    message = _("I know no event “{given}”. Type events to see them.")


class EventExists(Refusal):
    code = "event_exists"
    message = _("An event “{given}” is open already. Choose another name, or close it first: event close {given}")


class EventTime(Refusal):
    code = "event_time"
    message = _("I cannot read when it begins in “{given}”. Type it like this: {example}")


class EventInUse(Refusal):
    code = "event_in_use"
    message = _("People have come by this event's pages, so it stays. End it with: event close {given}")


class EventHelpers(Refusal):
    code = "event_helpers"
    message = _("An event has at most {limit} helpers. Name a smaller team.")


class MaterialWanted(Refusal):
    code = "material_wanted"
    message = _("Send a file with these words, or an address: {example}")


class FormFieldUnknown(Refusal):
    code = "form_field_unknown"
    message = _("A form has no field “{given}”. It may have: {names}")


class ContactFieldWanted(Refusal):
    code = "contact_field_wanted"
    message = _("Without phone, email or wechat nobody could be reached. Keep one of them in the form.")
