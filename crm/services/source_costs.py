"""What sources and campaigns cost, and what that makes for a lead and for a sale.

A cost stands for whole local days; the part of it that falls into another period is its share of the days. Said again
for the same source, campaign and days, the amount replaces the former one; none takes it away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import delete, text

from crm.models import SourceCost
from crm.rules.access import Actor
from crm.rules.periods import Period
from crm.uow import UnitOfWork

_WORTH = text(
    """
    with spent as (
        select campaign, currency, sum(amount * (least(ends_on, :last) - greatest(starts_on, :first) + 1)
                                       / (ends_on - starts_on + 1)) as amount
        from source_cost where org_id = :org and source_id = :source and starts_on <= :last and ends_on >= :first
        group by campaign, currency
    ), came as (
        select campaign, count(*) as leads, count(*) filter (where status = 'won') as won from lead
        where org_id = :org and source_id = :source and created_at >= :begin and created_at < :end and status <> 'void'
        group by campaign
    )
    select campaign, currency, amount,
           coalesce((select sum(leads) from came c where s.campaign is null or c.campaign = s.campaign), 0) as leads,
           coalesce((select sum(won) from came c where s.campaign is null or c.campaign = s.campaign), 0) as won
    from spent s order by campaign nulls first, currency
    """
)
# What was spent within the period, shared out by days; by source, by campaign, or by the channel of the source.
_BY = {
    cut: text(
        f"""
        select {key} as key, c.currency, sum(c.amount * (least(c.ends_on, :last) - greatest(c.starts_on, :first) + 1)
                                                 / (c.ends_on - c.starts_on + 1)) as amount
        from source_cost c join source s on s.org_id = c.org_id and s.id = c.source_id
        where c.org_id = :org and c.starts_on <= :last and c.ends_on >= :first and {key} is not null
        group by 1, 2 order by 1, 2
        """  # noqa: S608
    )
    for cut, key in {"source": "cast(s.id as text)", "campaign": "c.campaign", "channel": "s.channel"}.items()
}
# What each lead of the same source, campaign and days has cost, on average.
_OF_LEAD = text(
    """
    select c.currency, sum(c.amount / greatest(1, (
               select count(*) from lead o where o.org_id = :org and o.source_id = l.source_id and o.status <> 'void'
                 and (c.campaign is null or o.campaign = c.campaign)
                 and o.created_at >= (c.starts_on::timestamp at time zone g.timezone)
                 and o.created_at < ((c.ends_on + 1)::timestamp at time zone g.timezone)))) as amount
    from lead l join organization g on g.id = l.org_id
    join source_cost c on c.org_id = l.org_id and c.source_id = l.source_id
         and (c.campaign is null or c.campaign = l.campaign)
         and (l.created_at at time zone g.timezone)::date between c.starts_on and c.ends_on
    where l.org_id = :org and l.id = :lead
    group by c.currency order by c.currency
    """
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Money spent within a period on a source, or a campaign of it, beside the leads that came and were won."""

    campaign: str | None
    currency: str
    amount: Decimal
    leads: int
    won: int

    @property
    def per_lead(self) -> Decimal | None:
        return self.amount / self.leads if self.leads else None

    @property
    def per_sale(self) -> Decimal | None:
        return self.amount / self.won if self.won else None


def put(  # noqa: PLR0913  (each is a part of the sentence that says it)
    uow: UnitOfWork,
    *,
    actor: Actor,
    source_id: int,
    amount: Decimal,
    currency: str,
    first: date,
    last: date,
    campaign: str | None = None,
) -> None:
    """Note what a source, or one campaign of it, cost from `first` to `last`; 0 takes the note away.

    Raises: NotAllowed for those who keep no sources.
    """
    actor.need("sources")
    uow.session.execute(
        delete(SourceCost).where(
            SourceCost.org_id == uow.org_id,
            SourceCost.source_id == source_id,
            SourceCost.starts_on == first,
            SourceCost.ends_on == last,
            SourceCost.campaign.is_not_distinct_from(campaign),
        )
    )
    if amount:
        uow.session.add(
            SourceCost(
                org_id=uow.org_id,
                source_id=source_id,
                campaign=campaign,
                starts_on=first,
                ends_on=last,
                amount=amount,
                currency=currency,
                by_id=actor.id,
                at=uow.now,
            )
        )
        uow.session.flush()


def spent(uow: UnitOfWork, source_id: int, period: Period) -> list[Spent]:
    """What was spent within the period, as a whole first, then by campaign."""
    args = {
        "org": uow.org_id, "source": source_id, "first": period.first, "last": period.last, "begin": period.start,
        "end": period.end,
    }  # fmt: skip
    rows = uow.session.execute(_WORTH, args)
    return [Spent(row.campaign, row.currency, row.amount, int(row.leads), int(row.won)) for row in rows]


def by(uow: UnitOfWork, cut: str, period: Period) -> dict[str, list[tuple[Decimal, str]]]:
    """What was spent within the period, by currency, on each source (by its id), campaign or channel."""
    found: dict[str, list[tuple[Decimal, str]]] = {}
    if cut in _BY:
        args = {"org": uow.org_id, "first": period.first, "last": period.last}
        for row in uow.session.execute(_BY[cut], args):
            found.setdefault(row.key, []).append((row.amount, row.currency))
    return found


def of_lead(uow: UnitOfWork, lead_id: int) -> list[tuple[Decimal, str]]:
    """What one lead has cost, by currency: its share of what was spent on its source and campaign when it came."""
    rows = uow.session.execute(_OF_LEAD, {"org": uow.org_id, "lead": lead_id})
    return [(row.amount, row.currency) for row in rows]
