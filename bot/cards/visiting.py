"""What a template may ask for about forms and events."""

from __future__ import annotations

from bot.cards import codes
from bot.cards.language import _
from bot.cards.part import Part
from crm.errors_of_events import EventNotFound
from crm.rules.forms import Field
from crm.services import event_guests, event_materials, events, forms
from crm.services.events import EventView, Figures, Helper
from crm.services.forms import Page

LABELS = {
    "name": _("Name"), "company": _("Company"), "title": _("Job title"), "phone": _("Phone"), "email": _("E-mail"),
    "wechat": _("WeChat"), "region": _("City or region"), "product": _("Product"), "amount": _("Budget"),
    "note": _("Message"),
}  # fmt: skip

TEXTS = {"title": _("Headline"), "intro": _("Introduction"), "thanks": _("Thanks"), "consent": _("Consent")}


class VisitFacts(Part):
    """The part of `Facts` that is about pages for visitors."""

    def event(self, event_id: int) -> EventView | None:
        """None for one that was taken back."""
        try:
            return events.get(self.uow, event_id)
        except EventNotFound:
            return None

    def events(self) -> list[EventView]:
        return events.listing(self.uow)

    def event_figures(self, event_id: int) -> Figures:
        return events.figures(self.uow, event_id)

    def event_helpers(self, event_id: int) -> list[Helper]:
        return events.helpers(self.uow, event_id)

    def event_materials(self, event_id: int) -> list[event_materials.Material]:
        return event_materials.listing(self.uow, event_id)

    def event_question(self, question_id: int) -> str:
        """What the visitor asked; a dash once that is erased."""
        return event_guests.words_of(self.uow, question_id) or "–"

    def keeps_events(self) -> bool:
        """Whether the viewer may make and change events and forms."""
        return self.viewer.role in forms.KEEPERS

    def form(self, form_id: int) -> Page:
        return forms.page(self.uow, form_id)

    def form_fields(self, page: Page) -> str:
        """What a form asks, in a line; what must be filled in has a star."""
        return ", ".join(
            self.label_of(field) + ("*" if field.required else "")
            for field in forms.fields_of(self.uow, page, self.locale)
        )  # fmt: skip

    def form_texts(self, page: Page) -> list[tuple[str, str]]:
        """What the organization says on a form, each with its name and language."""
        named = [(name.partition("."), value) for name, value in page.texts.items()]
        return [
            (self.words.say(TEXTS[name]) + (f" ({language})" if dot else ""), value)
            for (name, dot, language), value in named
        ]

    def label_of(self, field: Field) -> str:
        return field.label or self.words.say(LABELS[field.name])

    def code(self, address: str) -> str:
        """The name of a picture of this address."""
        self.images["code"] = codes.png(address)
        return "code"
