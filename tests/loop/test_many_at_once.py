"""What falls due at once for one person comes as one list; a few come singly."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crm.services import clocks
from tests.drivers.base import Driver, Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
MANY, FEW = 5, 3


def owning(world: World, many: int) -> list[str]:
    """So many leads of Ann's, whose clocks are running."""
    refs = [world.lead(owner="ann", name=f"Customer {n}") for n in range(many)]
    with world.database.begin(world.acme.org_id) as uow:
        clocks.restart(uow, list(uow.session.scalars(text("select id from lead where owner_id is not null"))))
    return refs


def cards(person: Driver, words: str) -> list[Seen]:
    return [card for card in person.inbox() if words in card.text]


@everywhere
def test_many_warnings_are_one_list_that_opens_each_and_stays(world: World, platform: str) -> None:
    owning(world, MANY)
    ann = world.chat(platform, "ann")
    world.pass_time(hours=23)
    card = cards(ann, "back to the pool")[-1]
    assert f"{MANY} leads go back to the pool soon" in card.text
    opened = ann.taps(card, "Open")
    assert "Customer 0" in opened.text
    assert "Log" in opened.buttons
    assert f"{MANY} leads go back" in cards(ann, "leads go back to the pool soon")[-1].text


@everywhere
def test_a_few_warnings_come_singly(world: World, platform: str) -> None:
    owning(world, FEW)
    ann = world.chat(platform, "ann")
    world.pass_time(hours=23)
    assert len(cards(ann, "goes back to the pool")) == FEW


def test_the_list_forgets_what_was_worked_on(world: World) -> None:
    refs = owning(world, MANY)
    ann = world.chat("playground", "ann")
    world.pass_time(hours=23)
    ann.says(f"log {refs[1]} called, wants a quote")
    world.run_jobs()
    [card] = cards(ann, "go back to the pool soon")
    assert f"{MANY - 1} leads go back to the pool soon" in card.text
    assert "Customer 1" not in card.text
    assert "1 is safe again" in card.text


@everywhere
def test_many_reminders_are_one_list_that_opens_each_and_stays(world: World, platform: str) -> None:
    refs = [world.lead(owner="ann", name=f"Customer {n}") for n in range(MANY)]
    ann = world.chat(platform, "ann")
    for ref in refs:
        ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    card = cards(ann, "reminders are due")[-1]
    assert f"{MANY} reminders are due" in card.text
    opened = ann.taps(card, "Open")
    assert "Due: Customer 0" in opened.text
    ann.taps(opened, "Done")
    world.run_jobs()
    assert world.count("select count(*) from task where state = 'done'") == 1
    assert f"{MANY - 1} reminders are due" in cards(ann, "reminders are due")[-1].text


@everywhere
def test_a_few_reminders_come_singly(world: World, platform: str) -> None:
    refs = [world.lead(owner="ann", name=f"Customer {n}") for n in range(FEW)]
    ann = world.chat(platform, "ann")
    for ref in refs:
        ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=2)
    assert len(cards(ann, "Due: Customer")) == FEW


def test_a_manager_is_copied_once_for_many(world: World) -> None:
    owning(world, MANY)
    mia = world.chat("playground", "mia")
    world.pass_time(hours=23)
    [card] = cards(mia, "recycled")
    assert f"{MANY} leads are about to be recycled" in card.text


def test_what_is_owed_is_merged_and_none_is_left(world: World) -> None:
    owning(world, MANY)
    world.chat("playground", "ann")
    world.pass_time(hours=23)
    assert world.count("select count(*) from message where topic = 'lead.warning' and state = 'merged'") == MANY - 1
    assert world.count("select count(*) from message where topic = 'lead.warning' and state = 'sent'") == 1
