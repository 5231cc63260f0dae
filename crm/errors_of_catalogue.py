"""Refusals about managed lists and a company's own fields."""

from __future__ import annotations

from crm.errors import Refusal, _


class ValueUnknown(Refusal):
    code = "value_unknown"
    message = _("“{given}” is no value of {list}. Choose one of: {names}. An admin adds others: values {list} add …")


class ValueMeant(Refusal):
    code = "value_meant"
    message = _("“{given}” is no value of {list}. Did you mean {meant}? There are: {names}.")


class ListUnknown(Refusal):
    code = "list_unknown"
    message = _("There is no list “{given}”. There are: {names}.")


class FieldUnknown(Refusal):
    code = "field_unknown"
    message = _("Leads have no field “{given}”. There are: {names}.")


class FieldWrong(Refusal):
    code = "field_wrong"
    message = _("{field} cannot be “{given}”. Write it like this: {example}")


class FieldsNeeded(Refusal):
    code = "fields_needed"
    message = _("{ref} needs this before that stage: {fields}. Type: set {ref} {example}")


class EntryExists(Refusal):
    code = "entry_exists"
    message = _("“{given}” is there already, as {name}. To make two one: values {list} merge … into …")


class EntryUnknown(Refusal):
    code = "entry_unknown"
    message = _("{list} has no “{given}”. Type values {list} to see what there is.")


class EntryStays(Refusal):
    code = "entry_stays"
    message = _("{name} has to stay: the engine needs it. Rename it instead: values {list} rename {name} …")


class EntryUnowned(Refusal):
    code = "entry_unowned"
    message = _("Of {list} nobody is in charge by name. Name who looks after a source, a channel or a campaign.")


class StepNeeded(Refusal):
    code = "step_needed"
    message = _(
        "Say what the stage counts as: new, contacted, qualified or opportunity."
        " Type: values stages add {given} as qualified"
    )


class SourceByKey(Refusal):
    code = "source_by_key"
    message = _("A source has a key of its own, so it is made with: sources new {given}")


class KindUnknown(Refusal):
    code = "kind_unknown"
    message = _("A field cannot be “{given}”. Choose one of: text, number, amount, date, choice, choices, yes/no.")


class ListsUnreadable(Refusal):
    code = "lists_unreadable"
    message = _("The lists cannot be read: {problem}. sluice lists export shows how they are written.")


class NothingInLists(Refusal):
    code = "nothing_in_lists"
    message = _("Nothing was changed in the lists that could be taken back.")
