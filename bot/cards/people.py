"""What a template may ask for about colleagues: who is here, who comes and goes, and what is handed over."""

from __future__ import annotations

from collections import Counter

from bot.cards.language import _
from bot.cards.part import Part
from crm.rules.access import Actor
from crm.rules.duty import Shift
from crm.services import (
    belongings,
    briefings,
    duties,
    hand_overs,
    leaving,
    members,
    people,
    splitting,
    teams,
)
from crm.services.briefings import Brief
from crm.services.hand_overs import HandOverView
from crm.services.leads import LeadView
from crm.services.people import PersonView
from crm.services.splitting import Share
from crm.services.teams import Team

PAGE = 4  # leads of a briefing at a time
ROLES = {
    "reception": _("reception"), "rep": _("rep"), "success": _("success"), "service": _("service"),
    "marketing": _("marketing"), "quality": _("quality"), "manager": _("manager"), "admin": _("admin"),
}  # fmt: skip
DAYS = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))


class PeopleFacts(Part):
    """The part of `Facts` that is about colleagues."""

    def left_behind(self, member_id: int) -> leaving.Left:
        """What stands under the name of somebody who has left."""
        return leaving.left_behind(self.uow, member_id)

    def takers(self, member_id: int) -> list[Actor]:
        """Who could take over the leads of somebody: those who sell, the same team first."""
        giver = members.get(self.uow, member_id)
        found = members.get_many(self.uow, splitting.sellers(self.uow))
        return sorted(found, key=lambda one: (one.department_id != giver.department_id, one.name, one.id))

    def colleagues_named(self, member_ids: list[int]) -> list[Actor]:
        """Members by id, by name."""
        return sorted(members.get_many(self.uow, member_ids), key=lambda member: (member.name, member.id))

    def hand_over(self, hand_over_id: int) -> HandOverView:
        """One hand-over."""
        return hand_overs.of(self.uow, hand_over_id)

    def hand_over_of(self, member_id: int) -> HandOverView | None:
        """The newest hand-over of somebody who has left."""
        return hand_overs.last_of(self.uow, member_id)

    def frozen(self, lead: LeadView) -> HandOverView | None:
        """The open hand-over for which the clock of this lead stands still."""
        if lead.owner_id is None or lead.status != "open" or lead.recycle_at is not None:
            return None
        found = hand_overs.last_of(self.uow, lead.owner_id)
        return found if found and found.state == "open" else None

    def leaderless(self, member_id: int) -> str:
        """The team that has no manager of its own since this one left; empty where there is another."""
        who = people.one(self.uow, member_id)
        if who.role != "manager" or who.department_id is None or self.managers_in(who.department_id):
            return ""
        return who.team or ""

    @property
    def has_admin(self) -> bool:
        """Whether anybody is an admin as yet."""
        return people.has_admin(self.uow)

    def shares_of(self, member_id: int, how: str) -> list[Share]:
        """Who would get what, by name."""
        giver = members.get(self.uow, member_id)
        return sorted(
            hand_overs.shares(self.uow, giver=giver, how=how), key=lambda share: self.member(share.member_id)
        )  # fmt: skip

    def mark_of(self, shares: list[Share]) -> str:
        """What a tap on the proposal agrees to."""
        return splitting.mark(shares)

    def goes_along(self, member_id: int) -> Counter[str]:
        """What goes along with the leads: how many tasks, questions, pools, ..."""
        return _by_name(belongings.counted(self.uow, member_id))

    def duties_of(self, member_id: int) -> Counter[str]:
        """What a colleague looks after and could hand over."""
        return _by_name(belongings.counted(self.uow, member_id, belongings.DUTIES))

    def went_along(self, found: HandOverView) -> Counter[str]:
        """What went along with the leads."""
        return _by_name(found.parts)

    def may_take_back(self, found: HandOverView) -> bool:
        """Whether the run can still be taken back."""
        return found.state == "done" and found.done_at is not None and self.now - found.done_at < hand_overs.WITHIN

    def waits_for(self, found: HandOverView) -> int:
        """How many leads nobody has worked on since, so that they would come back."""
        return hand_overs.untouched(self.uow, found)

    def briefs(self, lead_ids: list[int]) -> list[Brief]:
        """What the viewer has to know of leads that were taken over, as far as the viewer still has them."""
        return briefings.of(self.uow, actor=self.viewer, lead_ids=lead_ids)

    def people_of(self, team_id: int | None) -> list[PersonView]:
        """Who is here, team by team."""
        team = next((each for each in self.teams() if each.id == team_id), None)
        return people.listing(self.uow, actor=self.viewer, team=team)

    def person(self, member_id: int) -> PersonView:
        return people.one(self.uow, member_id)

    def here_now(self, found: list[PersonView]) -> set[int]:
        """Who of these can be dealt leads now."""
        return people.on_duty(self.uow, found)

    def teams(self) -> list[Team]:
        """The tree as far as the viewer sees it."""
        return teams.tree(self.uow, actor=self.viewer)

    def role(self, name: str) -> str:
        return self.words.say(ROLES[name])

    @property
    def roles(self) -> tuple[str, ...]:
        return people.ROLES

    def rota(self, member_id: int) -> list[str]:
        """The hours of somebody's week, each in words."""
        found = duties.of(self.uow, [member_id]).get(member_id)
        return [self._shift(shift) for shift in found.shifts] if found else []

    def rotas(self, found: list[PersonView]) -> dict[int, list[str]]:
        """The hours of those who have some."""
        known = duties.of(self.uow, [each.id for each in found])
        return {member: [self._shift(shift) for shift in hours.shifts] for member, hours in known.items()}

    def may_manage(self, member_id: int) -> bool:
        """Whether the viewer says that this member has left, and hands over."""
        return self.viewer.is_admin or self.viewer.manages_any(members.get(self.uow, member_id).departments)

    def managers_in(self, team_id: int) -> str:
        """Who manages this team, by name."""
        return ", ".join(people.managers_in(self.uow, team_id))

    def _shift(self, shift: Shift) -> str:
        return f"{self._days(shift.weekdays)} {shift.opens:%H:%M}–{shift.closes:%H:%M}"

    def _days(self, days: tuple[int, ...]) -> str:
        """Days that follow each other as a span."""
        names = [self.words.say(DAYS[day]) for day in days]
        if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
            return f"{names[0]}–{names[-1]}"
        return ", ".join(names)


def _by_name(parts: dict[str, int]) -> Counter[str]:
    """Rows by what they are; a task that the member has asked for and does is one."""
    many = Counter[str]()
    for part, count in parts.items():
        name = part.partition(".")[0]
        many[name] = max(many[name], count) if name == "task" else many[name] + count
    return many
