"""What all pages for visitors share: finding the page, limits, counting what came, codes for phones, notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import structlog
from fastapi import Response
from fastapi.responses import HTMLResponse
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import SQLAlchemyError

from bot.app import Bot
from bot.cards.language import _, translate
from crm.errors import Refusal
from crm.models import Source
from crm.rules.arrival import Arrival
from crm.rules.keys import normalise_phone
from crm.services import event_guests, events, forms, houses, phone_codes, sources
from crm.services.event_guests import Lead
from crm.services.events import EventView
from crm.services.forms import Page
from crm.uow import UnitOfWork
from crm.vault import Vault
from webhooks.forms import language, pages, stamp
from webhooks.forms.visit import Visit
from webhooks.intake.post import TurnedAway
from webhooks.intake.rates import Limiter, Rates
from webhooks.intake.taking import once
from webhooks.intake.tally import Tally

log = structlog.get_logger(__name__)
# Visitors of one event share the address of the hall's network.
CROWD = 300
_AWAY = (SQLAlchemyError, psycopg.Error, ConnectorException, Refusal)

TRAPPED = _("A field that people do not see was filled in.")
TOO_MANY = _("Too many people send this just now. Please send it again in a minute.")
_NO_PAGE = (_("There is no such page"), _("The address may be mistyped or old. Please ask whoever gave it to you."))
_AWAY_PAGE = (_("Not possible just now"), _("Please wait a moment and load this page again: nothing is sent twice."))
_UNREADABLE = (_("This could not be read"), _("Please go back, load the page again and send it once more."))
_LARGE = (_("That is too long"), _("Please go back and write a little less."))
_CLOSED = (_("This form is closed"), _("Nothing can be sent any more. Please ask {organization} directly."))
_OVER = (_("{event} is over"), _("Nobody can register or sign in any more. Please ask {organization} directly."))


class Gone(Exception):
    """There is nothing to do on this page any more. Args: here: the page."""

    def __init__(self, here: Here) -> None:
        super().__init__()
        named = {
            "event": here.event.name if here.event else "", "organization": here.page.organization,
        }  # fmt: skip
        self.words = [here.say(words).format(**named) for words in (_OVER if here.event else _CLOSED)]
        self.locale, self.parents = here.locale, here.page.parents


@dataclass(frozen=True, slots=True)
class Here:
    """A page that was found, in one transaction. `event` where the page belongs to one."""

    uow: UnitOfWork
    visit: Visit
    page: Page
    event: EventView | None
    locale: str

    def say(self, words: str) -> str:
        return translate(self.locale, words)

    @property
    def when(self) -> str:
        """When the event begins, in full."""
        return language.moment(self.event.starts_at, self.event.timezone, self.locale) if self.event else ""

    @property
    def helper(self) -> str:
        """The name of the helper whose address this is."""
        helpers = events.helpers(self.uow, self.event.id) if self.event and self.visit.helper else []
        return next((helper.name for helper in helpers if helper.word == self.visit.helper), "")


class Desk:
    """Safe for many threads at once."""

    def __init__(self, bot: Bot, rates: Rates) -> None:
        self._database = bot.database
        self.vault = Vault(bot.settings.secret_key.get_secret_value())
        self._limits = Limiter(bot.redis, rates)
        self._crowds = Limiter(bot.redis, Rates(form=rates.form, address=CROWD))
        self._has_gateway = bool(bot.settings.sms_url)
        self._fallback = bot.settings.locale
        self.tally = Tally(bot.database)
        self.base = bot.settings.public_url
        self.root = urlsplit(self.base).path.rstrip("/")

    def answer(self, visit: Visit, call: Callable[[Visit], Response]) -> Response:
        """What a page answers. Never raises: what cannot be done is a page that says so."""
        try:
            return call(visit if visit.body is None else visit.read())
        except LookupError:
            return self.notice(visit, _NO_PAGE, 404)
        except Gone as exc:
            title, words = exc.words
            return pages.shown(
                "notice", exc.locale, status=410, parents=exc.parents, title=title, text=words, root=self.root
            )
        except TurnedAway as exc:
            return self.notice(visit, _UNREADABLE, exc.answer.status)
        except _AWAY as exc:
            log.warning("page.postponed", cause=type(exc).__name__)
            return self.notice(visit, _AWAY_PAGE, 503)

    def notice(self, visit: Visit, words: tuple[str, str], status: int) -> HTMLResponse:
        """A page that says one thing."""
        locale = language.chosen(visit.asked_language, visit.accepted_languages, self._fallback)
        title, text = (translate(locale, each) for each in words)
        headers = {"Retry-After": "10"} if status == 503 else {}
        # There is nothing to be tapped on it, and in the frame of a form it has to be seen.
        return pages.shown(
            "notice", locale, status=status, parents=("*",), headers=headers, title=title, text=text, root=self.root
        )

    def too_large(self, visit: Visit) -> HTMLResponse:
        return self.notice(visit, _LARGE, 413)

    @contextmanager
    def form(self, visit: Visit) -> Iterator[Here]:
        """The form with that word. Raises LookupError."""
        with self._found(visit, door=False) as here:
            yield here

    @contextmanager
    def door(self, visit: Visit) -> Iterator[Here]:
        """The event with that word. Raises LookupError."""
        with self._found(visit, door=True) as here:
            yield here

    @contextmanager
    def _found(self, visit: Visit, *, door: bool) -> Iterator[Here]:
        with self._database.begin() as uow:
            found = forms.locate(uow, visit.word)
        if found is None or door == (found.form_id is not None):
            raise LookupError(visit.word)
        with self._database.begin(found.org_id) as uow:
            if ("events" if found.event_id else "forms") in uow.off:
                raise LookupError(visit.word)
            event = events.get(uow, found.event_id) if found.event_id else None
            page = forms.page(uow, found.form_id or event_form(event))
            locale = language.chosen(visit.asked_language, visit.accepted_languages, page.locale)
            yield Here(uow, visit, page, event, locale)

    def source(self, here: Here) -> Source:
        """The source of a page on which something can be sent now. Raises Gone."""
        source = sources.get(here.uow, here.page.source_id) if here.page.open else None
        if source is None or (here.event and here.event.is_over(here.uow.now)):
            raise Gone(here)
        return source

    def limit(self, here: Here, source: Source) -> None:
        """Raises TurnedAway with 429."""
        (self._crowds if here.event else self._limits).check_form(source.id, here.visit.peer)

    def stamp(self, here: Here, soonest: timedelta) -> str:
        """The name of this sending's stamp. Raises Unstamped."""
        given = here.visit.values.get("stamp", "")
        return stamp.check(self.vault, here.page.word, given, here.uow.now, soonest=soonest)

    def next_stamp(self, here: Here) -> str:
        """The stamp of a page that is drawn: the one it came with while that is good, so that nobody who mends a
        mistake has to wait anew; else a fresh one.
        """
        given = here.visit.values.get("stamp", "")
        try:
            stamp.check(self.vault, here.page.word, given, here.uow.now, soonest=timedelta())
        except stamp.Unstamped:
            return stamp.issue(self.vault, here.page.word, here.uow.now)
        return given

    def take_in(self, here: Here, source: Source, arrival: Arrival, *, stamped: str, consent: str) -> Lead:
        """Through the door that all leads come through, once; with what the visitor agreed to. Raises FieldErrors."""
        values = {name: value for name, value in here.visit.values.items() if name != "stamp"}
        name = stamp.sending(stamped, values)
        answer = once(here.uow, source, name, arrival)
        lead = event_guests.lead_of(here.uow, str(answer.content["ref"]))
        came = here.visit.came_by(here.helper)
        data = {"page": name, "consent": consent, "form": here.page.word, "before": came.page, **came.tags}
        event_guests.agreed(here.uow, lead.id, data=json.dumps({key: value for key, value in data.items() if value}))
        phone = self.phone(here, arrival.phone)
        if phone and answer.status == 201:
            phone_codes.doubt(here.uow, phone)
        return lead

    def phone(self, here: Here, typed: str) -> str | None:
        """A phone as we keep it."""
        return normalise_phone(typed, houses.of(here.uow).region) if typed.strip() else None

    def owe_code(self, here: Here, typed: str) -> str | None:
        """A ticket for the code that is on its way to this phone; None where there is none to prove it by."""
        phone = self.phone(here, typed) if self._has_gateway and here.page.verify else None
        if phone is None:
            return None
        code = phone_codes.ask(here.uow, phone=phone, address=here.visit.peer, locale=here.locale)
        return stamp.ticket(self.vault, here.uow.org_id, code) if code else None


def event_form(event: EventView | None) -> int:
    """The form of an event. Raises LookupError for none."""
    if event is None:
        raise LookupError
    return event.form_id
