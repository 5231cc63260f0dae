"""A manager changes many leads at once from the chat: a preview, one tap, and a day to take it back."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


def standing(world: World) -> list[tuple[str, str | None]]:
    """By number: state and owner of each lead."""
    found = text(
        "select l.status, split_part(m.email, '@', 1) from lead l left join member m on m.id = l.owner_id"
        " where l.org_id = :o order by l.number"
    )
    with world.database.begin(world.acme.org_id) as uow:
        return [tuple(row) for row in uow.session.execute(found, {"o": uow.org_id})]


@everywhere
def test_leads_that_fit_go_to_one_colleague_and_come_back_a_day_later(world: World, platform: str) -> None:
    mia = world.chat(platform, "mia")
    for name in ("ann", "ann", "bob"):
        world.lead(owner=name)
    world.lead(owner="ann", origin="self")
    world.lead(owner="cyd")
    shown = mia.says("reassign stage new @Bob")
    assert "Hand 3 leads to Bob" in shown.text
    assert "self-sourced: 1" in shown.text
    done = mia.taps(shown, "Hand over")
    assert standing(world) == [("open", "bob")] * 3 + [("open", "ann"), ("open", "cyd")]
    world.pass_time(hours=23)
    mia.taps(done, "Take back")
    assert [owner for _state, owner in standing(world)] == ["ann", "ann", "bob", "ann", "cyd"]


@everywhere
def test_leads_that_fit_are_closed_with_one_reason_and_opened_again(world: World, platform: str) -> None:
    mia = world.chat(platform, "mia")
    for name in ("ann", "bob", "cyd"):
        world.lead(owner=name)
    shown = mia.says("批量关闭 阶段 新线索 输单 一直没有回应")
    assert "Close 2 leads" in shown.text
    mia.taps(shown, "Close them")
    assert standing(world) == [("lost", "ann"), ("lost", "bob"), ("open", "cyd")]
    mia.says("undo")
    assert standing(world) == [("open", "ann"), ("open", "bob"), ("open", "cyd")]


def test_what_cannot_be_meant_is_refused(world: World) -> None:
    mia, ann = world.chat("slack", "mia"), world.chat("slack", "ann")
    world.lead(owner="ann")
    assert "No open lead" in mia.says("reassign untouched for 30 days @Bob").text
    assert "close all stage" in mia.says("close all stage new").text
    assert "reassign stage" in mia.says("reassign @Bob").text
    assert "anager" in ann.says("close all stage new lost no answer").text
    assert standing(world) == [("open", "ann")]


def test_such_a_run_is_listed_and_taken_back_with_the_others_by_whoever_did_it_or_an_admin(world: World) -> None:
    mia, ada = world.chat("slack", "mia"), world.chat("slack", "ada")
    world.lead(owner="ann")
    touched = world.lead(owner="ann")
    shown = mia.says("reassign stage new @Bob")
    assert "There was none" in mia.says("rewind").text
    mia.taps(shown, "Hand over")
    world.chat("slack", "bob").says(f"note {touched} rang them")
    world.chat("slack", "bob").says(f"log {touched} called, wants a quote")
    assert "Reassigned" in ada.says("rewind").text
    assert "2 leads" in ada.says("rewind").text
    with world.database.begin(world.acme.org_id) as uow:
        run = uow.session.scalar(text("select max(id) from run where org_id = :o"), {"o": uow.org_id})
    ada.says(f"rewind R-{run}")
    world.run_jobs()
    assert f"1 lead of the run R-{run} is back" in ada.inbox()[-1].text
    assert touched in ada.inbox()[-1].text
    assert standing(world) == [("open", "ann"), ("open", "bob")]
    mia.says(f"rewind R-{run}")
    assert standing(world) == [("open", "ann"), ("open", "bob")]
