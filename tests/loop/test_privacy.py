"""P29 and P30: who may not see a contact never does, and a customer who was erased is nowhere any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from tests import marked
from tests.world import World, move_in


@pytest.fixture
def world(database, house, time) -> Iterator[World]:
    with move_in(house, time, rules=marked.RULES, base=database) as opened:
        yield opened


@pytest.fixture
def owner(migrated_url: str) -> Iterator[Connection]:
    engine = create_engine(migrated_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def found(owner: Connection, marks: tuple[str, ...]) -> list[tuple[str, str]]:
    """Where a mark still stands, and which."""
    rows = marked.everything(owner)
    return sorted({(table, mark) for table, line in rows for mark in marks if mark.lower() in line.lower()})


def erases(world: World, ref: str) -> str:
    """An admin erases the customer of a lead: one card, one tap."""
    card = world.chat("playground", "ada").says(f"privacy erase {ref}")
    answer = world.chat("playground", "ada").taps(card, "Erase for good")
    world.run_jobs()
    return answer.title


def test_an_erased_customer_is_nowhere_any_more(world: World, owner: Connection) -> None:
    ref = marked.busy_day(world)
    before = {table for table, _mark in found(owner, marked.MARKS)}
    assert {
        "person",
        "person_key",
        "lead",
        "activity",
        "task",
        "question",
        "attachment",
        "playground_message",
    } <= before
    assert "being erased" in erases(world, ref)
    owner.rollback()
    assert found(owner, marked.MARKS) == []
    assert world.count("select count(*) from erasure where basis = 'request'") == 1


def test_cards_that_stand_in_the_chats_are_drawn_over(world: World) -> None:
    ref = marked.busy_day(world)
    erases(world, ref)
    standing = [f"{each.text} {each.blocks}" for each in world.slack.messages if not each.seen_by]
    standing += [f"{each.body} {each.card}" for each in world.wecom.sent if not each.recalled]
    assert [each for each in standing if any(mark.lower() in each.lower() for mark in marked.MARKS)] == []
