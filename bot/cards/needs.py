"""What a command lacks, in words, and an example of it with leads, colleagues and names that this company has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.cards.language import _, translate
from bot.cards.part import Part
from crm.errors import MemberAmbiguous, MemberNotFound
from crm.services import departments, events, members, passing_on, people, pools, recent_leads, sources

NEEDS = {
    "admin": _("a colleague"),
    "admin remove": _("a colleague"),
    "answer": _("the number of the question, and your answer"),
    "ask": _("a lead, a colleague and your question"),
    "assign": _("a lead or how many, and a colleague"),
    "claim": _("a lead that is free"),
    "close all": _("which leads, and why they are lost"),
    "cost": _("a source and a sum"),
    "dead": _("a number, or all"),
    "deal": _("a lead and a colleague"),
    "duty": _("a colleague and hours"),
    "event change": _("an event, and its new place or time"),
    "event close": _("an event"),
    "event link": _("an event, and a colleague or team"),
    "event material": _("an event, a title, and an address or a file"),
    "event new": _("a name, a place and a time"),
    "event open": _("an event"),
    "export": _("what: decisions, reveals, or for admins audit; leads are written by sluice export"),
    "find": _("a name, a company or the end of a phone number"),
    "form": _("a source"),
    "hand over": _("a lead and a colleague"),
    "here": _("a team or a pool"),
    "hold": _("a lead, and the reason"),
    "hooks": _("an address, or the number of a hook"),
    "lang": _("a language"),
    "link": _("the code that an admin gave you"),
    "log": _("a lead, and what happened"),
    "member": _("a colleague, and role, team or manager where that shall change"),
    "member back": _("a colleague"),
    "member left": _("a colleague"),
    "modules": _("on or off, and a part of Sluice"),
    "move": _("how many, from which pool and to which"),
    "new": _("a name and a phone, e-mail or WeChat id"),
    "note": _("what to write"),
    "pools": _("a pool, and whom to add or remove"),
    "privacy allow": _("a phone, e-mail or WeChat id"),
    "privacy stop": _("a reason"),
    "reassign": _("which leads, and a colleague"),
    "remind": _("when, and about which lead"),
    "rules": _("a field and its value"),
    "rules pause": _("a rule, until when, and why"),
    "rules resume": _("a rule"),
    "save": _("a name for the list"),
    "share": _("a lead and a colleague"),
    "source": _("a source"),
    "sources": _("a name"),
    "sources fields": _("a source, and which of its fields is which of ours"),
    "sources owner": _("a source and a colleague"),
    "sources retry": _("a source"),
    "sources set": _("a source, what the vendor calls it, and its value"),
    "team": _("a name"),
    "tokens": _("a name, or the number of a key"),
    "transfer": _("who gives the leads, and who gets them"),
    "values": _("a list, and what to do with it"),
}
A_LEAD = _("a lead")
_LEAD = re.compile(r"L-104[23]")
_COLLEAGUES = {"@Ann": 0, "@李娜": 0, "@Bob": 1, "@王强": 1, "@陈波": 1, "@Mia": 2, "@王敏": 2}
_EVENT = re.compile(r"Spring Expo|春季发布会")
_SOURCE = re.compile(r"website|官网")
_POOLS = {"Open": 0, "公海": 0, "North": 1, "北区": 1}
_COLLEAGUE, _POOL = re.compile("|".join(_COLLEAGUES)), re.compile("(?<= )(?:{})(?= |$)".format("|".join(_POOLS)))
_ABOVE = re.compile(r"Sales|销售部")
_ORDER = _COLLEAGUES | _POOLS | {"L-1042": 0, "L-1043": 1}


def lacking(command: str) -> str:
    """What the command needs, to be translated. Args: command: its first word."""
    return NEEDS.get(command, A_LEAD)


class NeedFacts(Part):
    """What was left out, and how to say it here."""

    def needs(self, example: str) -> str:
        from bot import router  # noqa: PLC0415  (its handlers draw cards: neither can be loaded before the other)

        found = router.match(example)
        return translate(self.locale, lacking(found[0].words[0] if found else ""))

    def living(self, example: str) -> str:
        """The example with what there is in this company and what the viewer may see; in a group as it is written."""
        if not self.viewer.id:
            return example
        for pattern, there in (
            (_LEAD, self._leads), (_COLLEAGUE, self._colleagues), (_EVENT, self._events),
            (_SOURCE, self._sources), (_POOL, self._pools),
            (_ABOVE, self._teams),
        ):  # fmt: skip
            if pattern.search(example):
                example = pattern.sub(_one_of(there(example)), example)
        return example

    def _leads(self, example: str) -> list[str]:
        free = [lead.ref for lead in pools.listing(self.uow, actor=self.viewer, most=2)]
        own = [lead.ref for lead in recent_leads.likely(self.uow, actor=self.viewer, most=2)]
        return free + own if "@" in example and self.viewer.is_manager else own + free

    def _colleagues(self, _example: str) -> list[str]:
        team = [each.name for each in passing_on.colleagues(self.uow, actor=self.viewer, most=3)]
        seen = [] if team else people.listing(self.uow, actor=self.viewer)
        return [
            f"@{self._short(name)}" for name in team or [each.name for each in seen if each.id != self.viewer.id][:3]
        ]

    def _short(self, name: str) -> str:
        """The first name, where it is one person's."""
        first = name.split(maxsplit=1)[0]
        try:
            members.find(self.uow, first)
        except (MemberAmbiguous, MemberNotFound):
            return name
        return first

    def _events(self, example: str) -> list[str]:
        return [] if " new " in example or "新建" in example else [each.name for each in events.listing(self.uow)[:1]]

    def _sources(self, _example: str) -> list[str]:
        keys = [each.key for each in sources.listing(self.uow)]
        return [] if self.viewer.role not in sources.KEEPERS or "website" in keys else keys[:1]

    def _pools(self, _example: str) -> list[str]:
        return [pool.key for pool in pools.visible(self.uow, actor=self.viewer)]

    def _teams(self, _example: str) -> list[str]:
        return [team.name for team in departments.visible(self.uow, actor=self.viewer)[:1]]


def _one_of(there: Sequence[str]) -> Callable[[re.Match[str]], str]:
    """Puts the first for the first sample, the second for the second; the sample itself where there are fewer."""

    def put(found: re.Match[str]) -> str:
        place = _ORDER.get(found[0], 0)
        return there[place] if place < len(there) else found[0]

    return put
