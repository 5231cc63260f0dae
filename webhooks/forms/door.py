"""The door of an event: sign in by phone, take materials along, ask something, and the codes for all of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from bot.cards import codes
from bot.cards.language import _
from crm.rules import clean
from crm.rules.arrival import Arrival, FieldErrors
from crm.rules.forms import Field, read
from crm.services import event_guests, event_materials, houses
from crm.services.events import EventView
from webhooks.forms import pages, stamp
from webhooks.forms.desk import TOO_MANY, TRAPPED, Desk, Here
from webhooks.forms.hosted import placed
from webhooks.forms.stamp import Unstamped
from webhooks.forms.visit import Visit
from webhooks.intake.post import TurnedAway

_QUESTION = "question"
_CONSENT = _("By sending this you agree that {organization} keeps what you enter here and contacts you about it.")
_FILE = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; media-src 'self'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one of the pages asks and says; `done` is what it answers."""

    title: str
    fields: tuple[Field, ...]
    hint: str
    button: str
    done: tuple[str, str]


SIGN_IN = Sheet(
    _("Sign in: {event}"),
    (Field("phone", required=True, kind="tel"), Field("name", required=False)),
    _("The phone with which you registered is enough."),
    _("Sign in"),
    (_("You are signed in"), _("Welcome! Please come in.")),
)
ASK = Sheet(
    _("Ask a question: {event}"),
    (
        Field(_QUESTION, required=True, kind="long", label=_("Your question")),
        Field("phone", required=False, kind="tel"),
        Field("name", required=False),
    ),
    _("With a phone we can answer you after the event, too."),
    _("Ask"),
    (_("Your question is with us"), _("Somebody will answer you soon.")),
)


class Door:
    """The pages under `/e/`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self, visit: Visit, sheet: Sheet = SIGN_IN) -> HTMLResponse:
        """The empty page. Raises LookupError, Gone."""
        with self._desk.door(visit) as here:
            self._desk.source(here)
            return self._drawn(here, sheet)

    def look_ask(self, visit: Visit) -> HTMLResponse:
        """The empty page for a question. Raises LookupError, Gone."""
        return self.look(visit, ASK)

    def sign_in(self, visit: Visit) -> HTMLResponse:
        """Whoever registered is there; whoever did not becomes a lead. Both are told the same."""
        return self._sent(visit, SIGN_IN, self._sign_in)

    def ask(self, visit: Visit) -> HTMLResponse:
        """A question for the owner, or for whoever stands behind the event."""
        return self._sent(visit, ASK, self._ask)

    def materials(self, visit: Visit) -> HTMLResponse:
        """What there is to take along, also when the event is over. Raises LookupError."""
        with self._desk.door(visit) as here:
            event = event_of(here)
            found = event_materials.listing(here.uow, event.id)
            return self._shown(here, "materials", materials=found)

    def codes(self, visit: Visit) -> HTMLResponse:
        """All codes on a sheet to print. Raises LookupError."""
        with self._desk.door(visit) as here:
            event = event_of(here)
            door = f"{self._desk.base}/e/{event.word}"
            named = (
                (_("Register"), f"{self._desk.base}/f/{event.form_word}"),
                (_("Sign in"), door),
                (_("Materials"), f"{door}/materials"),
                (_("Ask a question"), f"{door}/ask"),
            )
            drawn = [(here.say(name), address, Markup(codes.svg(address))) for name, address in named]  # noqa: S704
            return self._shown(here, "codes", codes=drawn)

    def file(self, visit: Visit, material: int) -> Response:
        """The file of a material. Raises LookupError."""
        with self._desk.door(visit) as here:
            found = event_materials.file_of(here.uow, event_of(here).id, material)
            if found is None:
                raise LookupError(material)
            way = "inline" if (found.mime or "").startswith(("image/", "audio/")) else "attachment"
            named = f"{way}; filename*=UTF-8''{quote(found.name or 'file', safe='')}"
            headers = _FILE | {"Content-Disposition": named}
            return Response(found.content or b"", media_type=found.mime, headers=headers)

    def _sent(self, visit: Visit, sheet: Sheet, work: Callable[[Here], str]) -> HTMLResponse:
        """Do it, or show the page again with what was typed. Raises LookupError, Gone."""
        with self._desk.door(visit) as here:
            place = here.uow.org_id, self._desk.source(here).id
        try:
            with self._desk.door(visit) as here:
                answer = self._worked(here, sheet, work)
        except FieldErrors as exc:
            self._desk.tally.count(*place, refused=[(name, why) for name, why in exc.fields.items()])
            return self._again(visit, sheet, exc.fields, "", 422)
        except Unstamped as exc:
            self._desk.tally.count(*place, refused=[("", exc.why)])
            return self._again(visit, sheet, {}, exc.why, exc.status)
        except TurnedAway as exc:
            self._desk.tally.count(*place, refused=[("", str(exc))])
            return self._again(visit, sheet, {}, TOO_MANY, 429)
        self._desk.tally.count(*place, refused=[("", TRAPPED)] if visit.is_trapped else [])
        return answer

    def _worked(self, here: Here, sheet: Sheet, work: Callable[[Here], str]) -> HTMLResponse:
        self._desk.limit(here, self._desk.source(here))
        phone = "" if here.visit.is_trapped else work(here)
        title, words = (here.say(each) for each in sheet.done)
        return self._shown(here, "signed", title=title, text=words, ticket=self._desk.owe_code(here, phone))

    def _sign_in(self, here: Here) -> str:
        """Returns the phone that was typed."""
        arrival, stamped = self._typed(here, SIGN_IN)
        event, phone = event_of(here), self._desk.phone(here, arrival.phone)
        if phone is None or not event_guests.sign_in(here.uow, event, phone=phone):
            lead = self._desk.take_in(
                here, self._desk.source(here), arrival, stamped=stamped, consent=consent_of(here)
            )  # fmt: skip
            event_guests.walk_in(here.uow, event, lead, link=here.visit.helper)
        return arrival.phone

    def _ask(self, here: Here) -> str:
        """Returns the phone that was typed, if one was."""
        words = clean.text(here.visit.values.get(_QUESTION, ""), 1000)
        arrival, stamped = self._typed(here, ASK)
        event = event_of(here)
        phone = self._desk.phone(here, arrival.phone)
        lead = event_guests.known(here.uow, event, phone=phone) if phone else None
        if lead is None and arrival.phone.strip():
            lead = self._desk.take_in(
                here, self._desk.source(here), arrival, stamped=stamped, consent=consent_of(here)
            )  # fmt: skip
        event_guests.ask(here.uow, event, words=words, lead=lead, link=here.visit.helper, sending=stamped)
        return arrival.phone

    def _typed(self, here: Here, sheet: Sheet) -> tuple[Arrival, str]:
        """What was typed, and the name of its stamp. Raises FieldErrors, Unstamped."""
        visit, came, region = here.visit, here.visit.came_by(here.helper), houses.of(here.uow).region
        read(sheet.fields, visit.values, came, region=region)
        own = [field for field in sheet.fields if field.name != _QUESTION]
        stamped = self._desk.stamp(here, stamp.SOONEST_AT_DOOR)
        return read(own, visit.values, came, region=region), stamped

    def _again(
        self, visit: Visit, sheet: Sheet, errors: Mapping[str, str], problem: str, status: int
    ) -> HTMLResponse:  # fmt: skip
        with self._desk.door(visit) as here:
            return self._drawn(here, sheet, errors, problem, status)

    def _drawn(
        self, here: Here, sheet: Sheet, errors: Mapping[str, str] | None = None, problem: str = "", status: int = 200
    ) -> HTMLResponse:  # fmt: skip
        fields = [
            Field(field.name, field.required, field.kind, here.say(field.label) if field.label else "")
            for field in sheet.fields
        ]  # fmt: skip
        return self._shown(
            here, "signin", status=status, title=here.say(sheet.title).format(event=event_of(here).name),
            fields=fields, values=here.visit.values, errors=placed(errors or {}, [field.name for field in fields]),
            problem=problem, hint=here.say(sheet.hint), button=here.say(sheet.button), consent=consent_of(here),
            stamp=self._desk.next_stamp(here), before=here.visit.page_before,
        )  # fmt: skip

    def _shown(self, here: Here, name: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
        return pages.shown(
            name, here.locale, status=status, parents=here.page.parents, root=self._desk.root, page=here.page,
            event=here.event, when=here.when, visit=here.visit, **facts,
        )  # fmt: skip


def event_of(here: Here) -> EventView:
    """The event of a page that belongs to one. Raises LookupError."""
    if here.event is None:
        raise LookupError
    return here.event


def consent_of(here: Here) -> str:
    """What visitors agree to at the door."""
    return here.say(_CONSENT).format(organization=here.page.organization)
