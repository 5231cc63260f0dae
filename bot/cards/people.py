"""What a template may ask for about colleagues who come and go."""

from __future__ import annotations

from bot.cards.part import Part
from crm.rules.access import Actor
from crm.services import leaving, members, passing_on


class PeopleFacts(Part):
    """The part of `Facts` that is about colleagues."""

    def left_behind(self, member_id: int) -> leaving.Left:
        """What stands under the name of somebody who has left."""
        return leaving.left_behind(self.uow, member_id)

    def takers(self, member_id: int) -> list[Actor]:
        """Who could take over the leads of somebody: those of the same team."""
        return passing_on.colleagues(self.uow, actor=members.get(self.uow, member_id))

    def colleagues_named(self, member_ids: list[int]) -> list[Actor]:
        """Members by id, by name."""
        return sorted(members.get_many(self.uow, member_ids), key=lambda member: (member.name, member.id))
