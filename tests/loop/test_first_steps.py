"""The first minutes of an organization, and small kindnesses."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


@everywhere
def test_the_first_to_ask_becomes_admin_where_there_is_none(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where role = 'admin'"))
    first = world.chat(platform, "mia").says("admin")
    second = world.chat(platform, "max").says("admin")
    assert "Mia Manager is an admin now" in first.text
    assert "admin now" not in second.text


@everywhere
def test_a_number_with_swapped_digits_brings_the_leads_that_look_like_it(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    swapped = f"L-{ref[2:-2]}{ref[-1]}{ref[-2]}"
    answer = world.chat(platform, "ann").says(f"lead {swapped}")
    assert ref in answer.text


@everywhere
def test_five_pasted_lines_are_shown_first_and_saved_by_one_tap(world: World, platform: str) -> None:
    lines = "\n".join(f"Customer {n}, Shop {n}, 138001390{n:02d}" for n in range(5))
    ann = world.chat(platform, "ann")
    shown = ann.says(f"new {lines}")
    ann.taps(shown, "I found them: mine")
    assert "5 customers" in shown.text
    own = "select count(*) from lead where origin = 'self' and owner_id = :m"
    assert world.count(own, m=world.acme.member["ann"]) == 5


@everywhere
def test_more_lines_than_fit_at_once_are_refused_with_the_figures(world: World, platform: str) -> None:
    lines = "\n".join(f"Customer {n}, Shop {n}, 138001390{n:02d}" for n in range(51))
    answer = world.chat(platform, "ann").says(f"new {lines}")
    assert "51 rows; 50 fit" in answer.text


@everywhere
def test_a_customer_the_company_knows_cannot_be_declared_ones_own(world: World, platform: str) -> None:
    world.lead(owner="bob", phone="+8613800139555")
    answer = world.chat(platform, "ann").says("new Lu Wei, Lucky Tea, 13800139555")
    assert "known to the company" in answer.text
    assert world.count("select count(*) from lead") == 1


@everywhere
def test_the_first_message_of_somebody_new_starts_the_tour(world: World, platform: str) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update member set toured_at = null where id = :m"), {"m": world.acme.member["ann"]})
    ann = world.chat(platform, "ann")
    ann.says("my")
    world.run_jobs()
    assert any("Welcome" in card.text for card in ann.inbox())
