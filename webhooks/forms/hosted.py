"""A source's form: shown, sent, and the phone on it proven."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import HTMLResponse

from bot.cards.language import _
from crm.rules.arrival import FieldErrors
from crm.rules.forms import CONSENT, CONTACTS, read
from crm.services import event_guests, forms, houses, phone_codes
from webhooks.forms import pages, stamp
from webhooks.forms.desk import TOO_MANY, TRAPPED, Desk, Here
from webhooks.forms.stamp import Unstamped
from webhooks.forms.visit import Visit
from webhooks.intake.post import TurnedAway

AGREE = _("I agree that {organization} keeps what I enter here and contacts me about it.")
_THANKS = _("Thank you!")
_RECEIVED = _("We have received it and will get back to you.")
_REGISTERED = _("You are registered")
_WRONG_CODE = _("It is another one, or too old. Look at the newest message, or send the form again for a new code.")


class HostedForm:
    """The pages under `/f/`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self, visit: Visit) -> HTMLResponse:
        """The empty form. Raises LookupError, Gone."""
        with self._desk.form(visit) as here:
            self._desk.source(here)
            return self._drawn(here)

    def send(self, visit: Visit) -> HTMLResponse:
        """Thanks; or the form again with what was typed and what is wrong. Raises LookupError, Gone."""
        with self._desk.form(visit) as here:
            place = here.uow.org_id, self._desk.source(here).id
        try:
            with self._desk.form(visit) as here:
                answer = self._taken(here)
        except FieldErrors as exc:
            self._desk.tally.count(*place, refused=[(name, why) for name, why in exc.fields.items()])
            return self._again(visit, errors=exc.fields, status=422)
        except Unstamped as exc:
            self._desk.tally.count(*place, refused=[("", exc.why)])
            return self._again(visit, problem=exc.why, status=exc.status)
        except TurnedAway as exc:
            self._desk.tally.count(*place, refused=[("", str(exc))])
            return self._again(visit, problem=TOO_MANY, status=429, headers=exc.answer.headers)
        self._desk.tally.count(*place, refused=[("", TRAPPED)] if visit.is_trapped else [])
        return answer

    def prove(self, visit: Visit) -> HTMLResponse:
        """Whether the code is right. Raises LookupError."""
        with self._desk.form(visit) as here:
            ticket = visit.values.get("ticket", "")
            code = stamp.code_of(self._desk.vault, here.uow.org_id, ticket)
            given = "".join(char for char in visit.values.get("code", "") if char.isdecimal())
            proven = code is not None and phone_codes.prove(here.uow, code_id=code, given=given)
            return pages.shown(
                "code", here.locale, status=200 if proven else 422, parents=here.page.parents, root=self._desk.root,
                page=here.page, proven=proven, ticket=ticket, problem=_WRONG_CODE,
            )  # fmt: skip

    def _taken(self, here: Here) -> HTMLResponse:
        visit, source = here.visit, self._desk.source(here)
        self._desk.limit(here, source)
        if visit.is_trapped:
            return self._thanks(here, None)
        fields = forms.fields_of(here.uow, here.page, here.locale)
        came, agreed = visit.came_by(here.helper), bool(visit.values.get(CONSENT))
        arrival = read(fields, visit.values, came, region=houses.of(here.uow).region, agreed=agreed)
        stamped = self._desk.stamp(here, stamp.SOONEST)
        lead = self._desk.take_in(here, source, arrival, stamped=stamped, consent=consent_of(here))
        if here.event:
            event_guests.register(here.uow, here.event, lead, link=visit.helper)
        return self._thanks(here, self._desk.owe_code(here, arrival.phone))

    def _again(
        self, visit: Visit, *, status: int, errors: Mapping[str, str] | None = None, problem: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:  # fmt: skip
        with self._desk.form(visit) as here:
            return self._drawn(here, status=status, errors=errors or {}, problem=problem, headers=headers or {})

    def _drawn(
        self, here: Here, *, status: int = 200, errors: Mapping[str, str] | None = None, problem: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:  # fmt: skip
        page, event = here.page, here.event
        fields = forms.fields_of(here.uow, page, here.locale)
        asked = [field.name for field in fields]
        return pages.shown(
            "form", here.locale, status=status, parents=page.parents, headers=dict(headers or {}),
            root=self._desk.root, page=page, event=event, when=here.when, visit=here.visit,
            title=page.says("title", here.locale) or (event.name if event else page.source),
            intro=page.says("intro", here.locale), fields=fields, values=here.visit.values,
            errors=placed(errors or {}, asked), problem=problem, consent=consent_of(here),
            stamp=self._desk.next_stamp(here), before=here.visit.page_before,
        )  # fmt: skip

    def _thanks(self, here: Here, ticket: str | None) -> HTMLResponse:
        title = here.say(_REGISTERED if here.event else _THANKS)
        thanks = here.page.says("thanks", here.locale) or here.say(_RECEIVED)
        return pages.shown(
            "thanks", here.locale, parents=here.page.parents, root=self._desk.root, page=here.page, event=here.event,
            when=here.when, title=title, thanks=thanks, ticket=ticket,
        )  # fmt: skip


def consent_of(here: Here) -> str:
    """What visitors agree to on this form."""
    return here.page.says("consent", here.locale) or here.say(AGREE).format(organization=here.page.organization)


def placed(errors: Mapping[str, str], asked: list[str]) -> dict[str, str]:
    """Errors by the fields that are there: what is wrong with one that is not asked stands at the first contact."""
    contact = next((name for name in asked if name in CONTACTS), asked[0] if asked else CONSENT)
    known = (*asked, CONSENT)
    return {(name if name in known else contact): why for name, why in errors.items()}
