"""What a lead's fields are called, those of every company and those of its own."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cards.language import _
from bot.cards.words import Words
from crm.services import catalogue
from crm.uow import UnitOfWork

BUILT_IN = {
    "product": _("Product"), "region": _("Region"), "level": _("Level"), "channel": _("Channel"),
    "campaign": _("Campaign"), "tags": _("Tags"), "amount": _("Amount"),
    "name": _("Name"), "company": _("Company"), "title": _("Title"),
}  # fmt: skip


def field_names(uow: UnitOfWork, words: Words, names: Iterable[str]) -> str:
    """These fields, by the lead's column or `custom.KEY`, as the viewer calls them."""
    lists = catalogue.of(uow)
    found = ((name, lists.field(name)) for name in names)
    return ", ".join(words.say(BUILT_IN[name]) if name in BUILT_IN else one.called(words.locale) if one else name
                     for name, one in found)  # fmt: skip
