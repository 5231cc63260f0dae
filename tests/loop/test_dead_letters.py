"""An admin sees in the chat what could not be sent, and has it sent once the cause is mended."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.world import PLATFORMS, World

DEAD = text("update message set state = 'dead', cause = 'gone' where org_id = :org and key = 'k' returning id")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_was_dead_arrives_after_one_tap_of_an_admin(world: World, platform: str) -> None:
    ada, ann = world.chat(platform, "ada"), world.chat(platform, "ann")
    with world.database.begin(world.acme.org_id) as uow:
        uow.notify("dispatch.held", to=world.acme.member["ann"], key="k", data={"leads": [1]})
        uow.flush()
        number = uow.session.scalar(DEAD, {"org": uow.org_id})
    world.run_jobs()
    before = len(ann.inbox())
    assert "gone" in ada.says("dead").text
    assert "To be tried again: 1" in ada.says(f"dead retry like {number}").text
    world.run_jobs()
    assert len(ann.inbox()) == before + 1
    assert "Nothing is dead" in ada.says("dead").text
    assert "not" in ann.says("dead").text
