"""What a template may ask for about customers who are one, or look alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.language import _
from bot.cards.part import Part
from crm.services import arbitration, arbitration_views, importing, pairs
from crm.services.arbitration_views import Spoken
from crm.services.leads import LeadView
from crm.services.pairs import Pair

REASONS = {
    "same_name": _("same name"), "similar_name": _("names alike"), "surname": _("same surname"),
    "same_company": _("same company"), "similar_company": _("companies alike"),
    "same_domain": _("same e-mail domain"), "phone_typo": _("phones differ by one slip"),
    "same_mailbox": _("same name before the @"), "same_sound": _("names sound the same"),
    "phone_tail": _("phones end the same"), "phone_near": _("phones differ by two slips"),
}  # fmt: skip
STATES = {
    "same": _("They are one customer now."), "different": _("They are kept apart."),
    "shared": _("Both stay, and both owners know of each other."),
    "transferred": _("They are one customer now, with the colleague who came later."),
    "kept_apart": _("Nobody decided in time: they are kept apart."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One of two, as the viewer may see it."""

    title: str
    owner_id: int | None
    owner: str
    contacts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Two who look alike. `asker` is who wants to enter the second one; `transfer`: it could go to the later owner."""

    id: int
    known: Side
    new: Side
    points: int
    why: str
    asker: str
    transfer: bool
    answered: str
    by: str
    due: str


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody known who may be the same: by a lead's reference, or by number where there is no lead."""

    title: str
    ref: str
    person_id: int
    why: str


class MergeFacts(Part):
    """The part of `Facts` that is about one person and one record."""

    def alike_pair(self, pair_id: int) -> Question | None:
        """Two who look alike, for who decides it."""
        pair = pairs.get(self.uow, pair_id)
        if pair is None or not arbitration.may_decide(self.viewer, pair):
            return None
        known, new = self._side(pair.known_id), self._new(pair)
        owners = {known.owner_id, new.owner_id if pair.by_id is None else pair.by_id}
        return Question(
            pair.id, known, new, pair.score, self._why(pair.reasons), self.member(pair.by_id) if pair.by_id else "",
            None not in owners and len(owners) == 2,
            self.words.say(STATES[pair.state]) if pair.state in STATES else "",
            self.member(pair.decided_by) if pair.decided_by else "",
            self.words.at(pair.due_at) if pair.due_at else "",
        )  # fmt: skip

    def looks_like(self, job_id: int) -> Likely | None:
        """Whom the only new one of a list looks like; of whom the viewer may not see there is nothing but that."""
        rows = importing.rows_of(importing.get(self.uow, actor=self.viewer, job_id=job_id))
        if len(rows) != 1 or rows[0].verdict != importing.NEW:
            return None
        found = arbitration_views.like(self.uow, rows[0].arrival)
        if found is None:
            return None
        lead = self._face(found.person_id)
        why = self._why(found.alike.reasons)
        shown = lead is not None and (lead.mine or lead.owner_id is None)
        return Likely(lead.title_line, lead.ref, 0, why) if lead and shown else Likely("", "", 0, why)

    def may_ask_for(self, job_id: int) -> bool:
        """Whether the only one of a list is known, so that the manager can be asked for that customer."""
        rows = importing.rows_of(importing.get(self.uow, actor=self.viewer, job_id=job_id))
        known = len(rows) == 1 and rows[0].verdict == importing.KNOWN
        return known and arbitration_views.like(self.uow, rows[0].arrival) is not None

    def likely(self, lead: LeadView) -> list[Likely]:
        """Who may be the same as a lead's person, as far as the viewer may see them."""
        found = []
        for one in arbitration_views.likely(self.uow, lead.person_id):
            other = self._face(one.person_id)
            if other:
                found.append(Likely(other.title_line, other.ref, one.person_id, self._why(one.alike.reasons)))
            elif self.viewer.is_admin:
                title = arbitration_views.called(self.uow, one.person_id)
                found.append(Likely(title, "", one.person_id, self._why(one.alike.reasons)))
        return found

    def spoken_lately(self, lead: LeadView) -> Spoken | None:
        """Whether somebody else spoke with the customer of the viewer's lead a short while ago."""
        asked = lead.mine and lead.elsewhere
        return arbitration_views.spoken_lately(self.uow, self.viewer, lead) if asked else None

    def _face(self, person_id: int) -> LeadView | None:
        return arbitration_views.face(self.uow, self.viewer, person_id)

    def _side(self, person_id: int) -> Side:
        lead = self._face(person_id)
        if lead is None:
            owner = arbitration_views.owner_of(self.uow, person_id)
            return Side(arbitration_views.called(self.uow, person_id), owner, self.member(owner), ())
        place = lead.owner or self.words.say(_("in the pool {pool}"), pool=lead.pool or "")
        return Side(f"{lead.title_line} · {lead.ref}", lead.owner_id, place, lead.contacts)

    def _new(self, pair: Pair) -> Side:
        if pair.new_id is not None:
            return self._side(pair.new_id)
        rows = importing.rows_waiting(self.uow, pair.job_id) if pair.job_id else []
        typed = " · ".join(part for row in rows for part in (row.arrival.name, row.arrival.company) if part)
        return Side(typed or "–", None, self.words.say(_("not entered yet")), ())

    def _why(self, reasons: Sequence[tuple[str, int]]) -> str:
        return ", ".join(self.words.say(REASONS[code]) for code, _points in reasons if code in REASONS)
