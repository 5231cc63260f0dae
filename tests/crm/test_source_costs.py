"""What sources cost: said for days, shared out to other periods, and divided by the leads that came of it."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crm.errors import NotAllowed
from crm.rules.periods import Period
from crm.services import members, source_costs
from tests import build

MARCH = Period("span", date(2026, 3, 1), date(2026, 3, 31), ZoneInfo("Asia/Shanghai"))
WEEK = Period("span", date(2026, 3, 1), date(2026, 3, 7), ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def put(uow, acme):
    def put(amount, campaign=None, who="ada"):
        source_costs.put(
            uow, actor=members.get(uow, acme.member[who]), source_id=acme.source_id, amount=Decimal(amount),
            currency="CNY", first=MARCH.first, last=MARCH.last, campaign=campaign,
        )  # fmt: skip

    return put


def came(uow, acme, campaign=None, status="open"):
    """A lead of the website in March."""
    lead = build.lead(uow, acme)
    uow.session.execute(
        text(
            "update lead set source_id = :s, campaign = :c, status = :status, created_at = '2026-03-03T02:00Z'"
            " where org_id = :o and id = :l"
        ),
        {"s": acme.source_id, "c": campaign, "status": status, "o": uow.org_id, "l": lead},
    )
    return lead


def figures(uow, acme, period=MARCH):
    return [
        (one.campaign, one.amount, one.per_lead, one.per_sale)
        for one in source_costs.spent(uow, acme.source_id, period)
    ]


def test_money_is_divided_by_the_leads_and_the_sales_that_came_of_it(uow, acme, put):
    put(3100)
    put(600, "spring")
    came(uow, acme)
    came(uow, acme, "spring")
    came(uow, acme, "spring", "won")
    came(uow, acme, "spring", "void")
    whole, spring = figures(uow, acme)
    assert whole == (None, 3100, pytest.approx(Decimal(3100) / 3), 3100)
    assert spring == ("spring", 600, 300, 600)


def test_a_part_of_the_days_bears_its_share(uow, acme, put):
    put(3100)
    assert figures(uow, acme, WEEK) == [(None, 700, None, None)]


def test_said_again_it_replaces_what_was_said_and_nothing_takes_it_away(uow, acme, put):
    put(3100)
    put(2000)
    assert figures(uow, acme) == [(None, 2000, None, None)]
    put(0)
    assert figures(uow, acme) == []


def test_a_lead_bears_its_share_of_its_source_and_of_its_campaign(uow, acme, put):
    put(3000)
    put(600, "spring")
    plain, spring = came(uow, acme), came(uow, acme, "spring")
    came(uow, acme, "spring")
    assert source_costs.of_lead(uow, plain) == [(1000, "CNY")]
    assert source_costs.of_lead(uow, spring) == [(1300, "CNY")]


@pytest.mark.parametrize("who", ["ann", "mia"])
def test_only_who_keeps_sources_says_what_they_cost(put, who):
    with pytest.raises(NotAllowed):
        put(100, who=who)


def test_money_is_told_by_source_campaign_and_channel(uow, acme, put):
    uow.session.execute(text("update source set channel = 'ads' where org_id = :o"), {"o": uow.org_id})
    put(310)
    put(620, campaign="Spring")
    told = {cut: source_costs.by(uow, cut, MARCH) for cut in ("source", "campaign", "channel", "rep")}
    whole, spring = [(Decimal(930), "CNY")], [(Decimal(620), "CNY")]
    assert told == {
        "source": {str(acme.source_id): whole},
        "campaign": {"Spring": spring},
        "channel": {"ads": whole},
        "rep": {},
    }
    assert source_costs.by(uow, "campaign", WEEK) == {"Spring": [(Decimal(140), "CNY")]}
