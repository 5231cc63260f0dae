"""What is true of a company's leads at any time, whatever rules and people did."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import text

from crm.services import clocks, lead_facts
from crm.uow import UnitOfWork

LEADS = text(
    """
    select l.id, l.status, l.owner_id, l.pool_id, l.held_by, l.counts, l.recycle_at, l.recycle_rule, l.warn_at,
           array(select a.member_id from assignment a where a.org_id = l.org_id and a.lead_id = l.id
                   and a.ended_at is null) as owners,
           array(select o.id from offer o where o.org_id = l.org_id and o.lead_id = l.id and o.state = 'open') as offers
    from lead l where l.org_id = :o order by l.id
    """
)
UNEXPLAINED = text(
    """
    select a.lead_id, a.ended_by from assignment a where a.org_id = :o and a.ended_at is not null
       and (a.ended_by is null or a.reason is null and a.ended_by in ('released', 'recycled'))
    """
)
GONE = text(
    """
    select p.id from person p where p.org_id = :o and p.merged_into is not null and (
        exists (select from person_key k where k.org_id = p.org_id and k.person_id = p.id)
        or exists (select from lead l where l.org_id = p.org_id and l.person_id = p.id))
    """
)
DEALT_TO_THE_GONE = text(
    """
    select a.lead_id, a.began_by, m.name from assignment a join member m on m.org_id = a.org_id and m.id = a.member_id
    where a.org_id = :o and a.ended_at is null and not m.active and a.began_at > m.left_at
      and a.began_by <> 'given_back'
    """
)
LOADS = text(
    """
    select r.member_id, r.holding, (select count(*) from lead l where l.org_id = r.org_id and l.owner_id = r.member_id
                                      and l.status = 'open' and l.counts) as held
    from rep_load r where r.org_id = :o
    """
)


class Always:
    """What a story about leads looks at after each step."""

    made: set[int]
    cap: ClassVar[int]

    def no_lead_is_lost(self, rows: list[Any]) -> None:
        assert self.made <= {row.id for row in rows}
        assert [row for row in rows if row.status == "open" and row.owner_id is None and row.pool_id is None] == []

    def a_lead_has_the_owner_its_history_tells_of(self, rows: list[Any]) -> None:
        for row in rows:
            assert row.owners == ([row.owner_id] if row.status == "open" and row.owner_id else [])

    def what_waits_is_nobodys_unless_its_owner_put_it_aside(self, rows: list[Any]) -> None:
        for row in rows:
            assert bool(row.offers) == (row.held_by == "offer")
            assert row.owner_id is None or row.status != "open" or row.held_by in (None, "person", "nurture")
            assert not (row.held_by == "nurture" and row.counts and row.owner_id)

    def the_ledger_is_right_and_no_cap_is_passed(self, uow: UnitOfWork) -> None:
        for row in uow.session.execute(LOADS, {"o": uow.org_id}):
            assert row.holding == row.held <= self.cap

    def each_lost_ownership_has_a_reason_and_nothing_is_left_with_whom_was_merged_away(self, uow: UnitOfWork) -> None:
        assert uow.session.scalars(GONE, {"o": uow.org_id}).all() == []
        assert uow.session.execute(UNEXPLAINED, {"o": uow.org_id}).all() == []

    def nobody_who_has_left_is_dealt_a_lead(self, uow: UnitOfWork) -> None:
        assert uow.session.execute(DEALT_TO_THE_GONE, {"o": uow.org_id}).all() == []

    def the_countdown_shown_is_the_one_that_holds(self, uow: UnitOfWork, rows: list[Any]) -> None:
        owned = {row.id: row for row in rows if row.status == "open" and row.owner_id}
        facts = lead_facts.read(uow, list(owned))
        for lead, new in zip(facts, clocks.compute(uow, facts), strict=True):
            assert (owned[lead.id].recycle_at, owned[lead.id].recycle_rule) == (new.recycle_at, new.rule)

    def rows(self, uow: UnitOfWork) -> list[Any]:
        return list(uow.session.execute(LEADS, {"o": uow.org_id}))
