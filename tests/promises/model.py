"""What leads, owners and limits should be, in a few lines of plain Python; the real thing is held against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

CAP, QUOTA = 4, 5
COOL_DOWN, NEGLECTED = timedelta(days=2), timedelta(days=7)
SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = """
claim: {per_day: 5, capacity: {default: 4}, cool_down: 2d}
recycle: [{name: neglected, no_follow_up: 7d}]
warn: []
breaker: {at_least: 1000000}
affinity: false
dispatch: [{name: dealt, when: {field: product, value: dealt}, to: {members: ["Cyd 王"]}, working_hours: false}]
"""


@dataclass
class ModelLead:
    """One lead: closed for ever or open, in the pool or somebody's.

    `person`: whose it is; `into`: the lead that stands for it since they were merged.
    """

    person: int = 0
    into: int | None = None
    status: str = "open"
    owner: str | None = None
    own: bool = False
    erased: bool = False
    since: datetime | None = None  # when it was assigned, or followed up since
    left: dict[str, datetime] = field(default_factory=dict)


@dataclass
class Model:
    """The whole company."""

    now: datetime
    leads: dict[int, ModelLead] = field(default_factory=dict)
    claims: list[tuple[str, date]] = field(default_factory=list)

    def at(self, lead_id: int) -> int:
        """The lead that somebody means who names this one."""
        return self.leads[lead_id].into or lead_id

    def pursued(self, lead_id: int) -> int | None:
        """The open lead of a lead's person."""
        person = self.leads[lead_id].person
        return next((id_ for id_, one in self.leads.items() if (one.person, one.status) == (person, "open")), None)

    def may_merge(self, lead_id: int, other_id: int) -> bool:
        one, other = self.leads[lead_id], self.leads[other_id]
        return one.person != other.person and not (one.erased or other.erased)

    def survivors(self, lead_id: int, other_id: int) -> set[int]:
        """Which of two open leads may stay when their persons become one; empty where no lead is closed."""
        both = {self.pursued(lead_id), self.pursued(other_id)} - {None}
        owned = {id_ for id_ in both if id_ and self.leads[id_].owner}
        return (owned or {id_ for id_ in both if id_}) if len(both) == 2 else set()

    def held(self, name: str) -> int:
        return sum(lead.owner == name and lead.status == "open" and not lead.own for lead in self.leads.values())

    def has_room(self, name: str) -> bool:
        return self.held(name) < CAP

    def may_claim(self, name: str, lead_id: int) -> bool:
        lead = self.leads[lead_id]
        cooled = name not in lead.left or self.now >= lead.left[name] + COOL_DOWN
        claimed = sum(who == name and day == self.today for who, day in self.claims)
        return lead.status == "open" and lead.owner is None and cooled and claimed < QUOTA and self.has_room(name)

    def claim(self, name: str, lead_id: int) -> None:
        self.claims.append((name, self.today))
        self.take(name, lead_id)

    def take(self, name: str, lead_id: int) -> None:
        self.leads[lead_id].owner, self.leads[lead_id].since = name, self.now

    def end(self, lead_id: int, *, status: str = "open") -> None:
        """Ownership ends. A closed lead keeps the name of its last owner."""
        lead = self.leads[lead_id]
        assert lead.owner is not None
        lead.left[lead.owner] = self.now
        lead.status, lead.owner, lead.since = status, lead.owner if status != "open" else None, None

    def due_at(self, lead_id: int) -> datetime | None:
        """The countdown: none in the pool, none when closed, none for a self-sourced customer."""
        lead = self.leads[lead_id]
        running = lead.owner is not None and lead.status == "open" and not lead.own and lead.since is not None
        return lead.since + NEGLECTED if running and lead.since else None

    def neglected(self) -> set[int]:
        return {lead_id for lead_id in self.leads if (due := self.due_at(lead_id)) and due <= self.now}

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()
