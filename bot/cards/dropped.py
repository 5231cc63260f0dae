"""A dropped sheet as its card shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.cards.field_names import field_names
from bot.cards.language import _, translate
from bot.cards.part import Part
from crm.errors import NoContact
from crm.rules.arrival import NO_CONTACT
from crm.services import dropped_sheets

FIELDS = {
    "name": _("Name"), "company": _("Company"), "title": _("Title"), "phone": _("Phone"), "email": _("E-mail"),
    "wechat": _("WeChat"), "note": _("Note"), "product": _("Product"), "region": _("Region"), "level": _("Level"),
    "amount": _("Amount"), "channel": _("Channel"), "campaign": _("Campaign"), "tags": _("Tags"),
    "owner": _("Owner"), "first_name": _("First name"), "last_name": _("Last name"), "currency": _("Currency"),
    "external_id": _("Customer number"), "id": _("Number of the entry"), "referrer": _("Referred by"),
}  # fmt: skip
WHY = {
    "unreachable": _("The chat does not give the file any more. Drop it once more."),
    "unreadable": _("It cannot be read as a table: {detail}"),
    "too_many_rows": _("It is too large for the chat. Ask your admin to import it as a file."),
    "broken": _("Something went wrong here. Drop it once more: what came in already does not come in twice."),
    "changed": _("The file has changed since. Drop it once more."),
}
ASKED_FOR = ("name", "company", "phone", "email", "wechat", "title", "note", "product", "region", "amount", "owner")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what is in it as we see it (empty: kept beside the lead), and an example."""

    number: int
    heading: str
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sheet in words. `figures` are the job's counters; `for_company` whether its author may give it to all."""

    id: int
    name: str
    state: str
    figures: dict[str, Any]
    columns: list[Column]
    problems: list[str]
    why: str
    for_company: bool
    unknown: str
    may_take_back: bool


class DroppedFacts(Part):
    """The part of `Facts` that is about dropped sheets."""

    def dropped(self, sheet: int) -> Dropped:
        """A sheet of the viewer's own."""
        job = dropped_sheets.get(self.uow, sheet, actor=self.viewer)
        figures = job.counters
        return Dropped(
            job.id, job.name, job.state, figures, self._columns(figures, job.rows or []), self._problems(figures),
            self.words.say(WHY.get(figures.get("why", ""), ""), detail=figures.get("detail", "")),
            dropped_sheets.may_give_to_company(self.viewer), self._unknown(figures), self.viewer.is_admin,
        )  # fmt: skip

    def sheet_fields(self) -> list[tuple[str, str]]:
        """What a column may hold."""
        return [(name, self.words.say(FIELDS[name])) for name in ASKED_FOR]

    def _columns(self, figures: dict[str, Any], sample: list[list[str]]) -> list[Column]:
        mapping = figures.get("mapping", {})
        return [
            Column(
                number, heading.strip() or str(number + 1),
                self.words.say(FIELDS[mapping[str(number)]]) if mapping.get(str(number)) in FIELDS else "",
                next((row[number] for row in sample if number < len(row) and row[number].strip()), ""),
            )
            for number, heading in enumerate(figures.get("header", []))
        ]  # fmt: skip

    def _problems(self, figures: dict[str, Any]) -> list[str]:
        return [
            f"{self.words.say(_('Line {n}'), n=number)}: {'; '.join(self._wrong(*each) for each in wrong.items())}"
            for number, wrong in figures.get("problems", [])
        ]

    def _unknown(self, figures: dict[str, Any]) -> str:
        """Values that no list has, the most frequent first, with the rows on which they stand."""
        told = ((words.partition(": "), many) for words, many in figures.get("unknown", []))
        return ", ".join(
            f"{field_names(self.uow, self.words, [field])} {value[:40]} ({many})" for (field, _is, value), many in told
        )

    def _wrong(self, field: str, why: str) -> str:
        said = translate(self.viewer.locale, NO_CONTACT if why == NoContact.message else why)
        return f"{self.words.say(FIELDS[field])}: {said}" if field in FIELDS else said
