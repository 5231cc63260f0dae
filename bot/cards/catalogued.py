"""What a template may ask for about managed lists: what is on them, and what a lead carries, in the viewer's words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.cards.field_names import field_names
from bot.cards.language import _
from bot.cards.part import Part
from crm.rules.catalogue import LISTS, Entry, Field, told
from crm.services import catalogue, lead_values, list_counts, rules_admin
from crm.services.leads import LeadView

TITLES = {
    "product": _("Products"), "region": _("Regions"), "level": _("Levels"), "channel": _("Channels"),
    "campaign": _("Campaigns"), "tags": _("Tags"), "lost_reason": _("Lost reasons"), "stage": _("Stages"),
    "source": _("Sources"),
}  # fmt: skip
KINDS = {
    "text": _("text"), "number": _("number"), "amount": _("amount"), "date": _("date"), "choice": _("one choice"),
    "choices": _("several choices"), "yes_no": _("yes or no"),
}  # fmt: skip
LOST_REASONS = (
    _("price"), _("competitor"), _("no need"), _("no budget"), _("cannot reach"), _("wrong number"),
)  # fmt: skip
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A list in the overview: as commands name it, its title, and what is on it."""

    command: str
    title: str
    names: str


class CatalogueFacts(Part):
    """The part of `Facts` that is about lists and fields."""

    def value_lists(self) -> list[Listed]:
        lists = catalogue.of(self.uow)
        return [
            Listed(said, self.words.say(TITLES[name]), ", ".join(self._names(lists.offered(name))))
            for said, name in LISTS.items()
        ]

    def value_list(self, name: str) -> str:
        """The title of a list, or of a field's choices."""
        if name in TITLES:
            return self.words.say(TITLES[name])
        field = catalogue.of(self.uow).field(name)
        return field.called(self.locale) if field else name

    def asked_in_vain(self, name: str) -> list[tuple[str, str]]:
        """Rules that ask for values that the list does not have: each rule's name and the value."""
        return rules_admin.asking_in_vain(self.uow, name)

    def asked_for_merged(self, name: str) -> list[tuple[str, str, str]]:
        """Rules that ask for a value which was made one with another: each rule's name, the value, and the other."""
        return [(rule, value, entry.key) for rule, value, entry in rules_admin.asking_for_merged(self.uow, name)]

    def entries(self, name: str) -> list[Entry]:
        return list(catalogue.of(self.uow).lists.get(name, ()))

    def offered(self, name: str) -> list[tuple[str, str]]:
        """Key and name of what may be chosen."""
        return [(entry.key, entry.called(self.locale)) for entry in catalogue.of(self.uow).offered(name)]

    def carried(self, name: str) -> dict[str, int]:
        """How many open leads carry each value."""
        return list_counts.carried(self.uow, name)

    def many_carry(self, many: int) -> str:
        """How many leads that are, in words."""
        return self.words.say(_("1 lead")) if many == 1 else self.words.say(_("{n} leads"), n=many)

    def loose(self, name: str) -> list[tuple[str, int]]:
        """What leads carry that is on no list, the most frequent first."""
        known = catalogue.of(self.uow)
        every = sorted(self.carried(name).items(), key=lambda each: -each[1])
        return [(words, many) for words, many in every if known.find(name, words) is None][:SHOWN]

    def is_listed(self, name: str) -> bool:
        """Whether the values of that field are managed."""
        return catalogue.of(self.uow).is_managed(name)

    def has_fields(self) -> bool:
        """Whether there is anything about a lead that the company keeps in lists or fields of its own."""
        return not catalogue.of(self.uow).is_plain

    def lost_reasons(self) -> list[tuple[str, str]]:
        """What a tap says of a lost lead, and the words on the button: those of the list, else the usual ones."""
        usual = [self.words.say(each) for each in LOST_REASONS]
        return self.offered("lost_reason") or [(each, each) for each in usual]

    def value_command(self, name: str) -> str:
        """The list as commands name it, in the viewer's language."""
        return told(name)["list_zh" if self.locale == "zh" else "list"]

    def counted(self, loose: list[tuple[str, int]]) -> str:
        """Words with how many leads carry them."""
        return ", ".join(f"{words} ({many})" for words, many in loose)

    def field_names(self) -> str:
        return ", ".join(one.called(self.locale) for one in catalogue.of(self.uow).open_fields)

    def own_fields(self) -> list[Field]:
        return list(catalogue.of(self.uow).fields)

    def kind_called(self, kind: str) -> str:
        return self.words.say(KINDS[kind])

    def stage_called_for(self, key: str) -> str:
        """A stage's name by its key alone."""
        return catalogue.of(self.uow).called("stage", key, self.locale)

    def value(self, name: str, key: str | None) -> str:
        """What a value that a lead carries is called."""
        return catalogue.of(self.uow).called(name, key, self.locale)

    def value_of(self, lead: LeadView, name: str) -> str:
        """What stands in that column of the lead."""
        return self.value(name, getattr(lead, name))

    def field_called(self, name: str) -> str:
        return field_names(self.uow, self.words, [name])

    def field_values(self, lead: LeadView) -> list[tuple[str, str]]:
        """The lead's own fields that stand on its card, as label and words; sensitive ones are masked like contacts."""
        lists = catalogue.of(self.uow)
        shown = [one for one in lists.fields if one.shown]
        have = lead_values.of(self.uow, lead.id) if shown else {}
        told = [(one, have[one.key]) for one in shown if have.get(one.key) not in (None, "", [])]
        return [(one.called(self.locale), self._told(one, value, lead)) for one, value in told]

    def field_inputs(self, lead: LeadView) -> list[tuple[Field, str]]:
        """The fields of the form about a lead, and what stands in them; sensitive ones only for who sees contacts."""
        fields = [one for one in catalogue.of(self.uow).open_fields if not (one.sensitive and lead.masked)]
        have = lead_values.of(self.uow, lead.id) if fields else {}
        return [(one, self._words_of(one, have.get(one.key))) for one in fields]

    def _told(self, field: Field, value: Any, lead: LeadView) -> str:
        if field.sensitive and lead.masked:
            return "***"
        if field.kind == "amount" and isinstance(value, int | float):
            return self.words.money(Decimal(str(value)), lead.currency)
        return self._words_of(field, value)

    def _words_of(self, field: Field, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.words.say(_("yes")) if value else self.words.say(_("no"))
        if field.kind in ("choice", "choices"):
            return ", ".join(
                self.value(field.list, str(one)) for one in (value if isinstance(value, list) else [value])
            )
        return str(value)

    def _names(self, entries: list[Entry]) -> list[str]:
        more = [f"+{len(entries) - SHOWN}"] if len(entries) > SHOWN else []
        return [entry.called(self.locale) for entry in entries[:SHOWN]] + more
