"""The rules from chat: what is in force, a change that is rehearsed first, and put in force by a tap."""

from __future__ import annotations

import pytest

from crm.services import rehearsing, rules_admin
from tests import build
from tests.world import PLATFORMS, World

NAMED = """
protect: {most: 2, longest: 7d}
recycle: [{name: old ones, not_converted: 45d, to: north}]
dispatch: [{name: calls, to: {departments: [north]}}]
first_response: [{name: web, within: 4wh}]
"""
everywhere = pytest.mark.parametrize("platform", PLATFORMS)


def in_force(world: World) -> str:
    with world.database.begin(world.acme.org_id) as uow:
        return rules_admin.present(uow)


@everywhere
def test_one_figure_is_changed_after_its_rehearsal(world: World, platform: str) -> None:
    mia = world.chat(platform, "mia")
    answer = mia.says("rules set claim.per_day 20")
    assert "claim.per_day" in answer.text
    assert "5 → 20" in answer.text
    assert "per_day: 5" in in_force(world)
    applied = mia.taps(answer, "Apply")
    assert "is in force" in applied.text
    assert "claim: {per_day: 20, capacity: {default: 6}, cool_down: 2d}" in in_force(world)


@everywhere
def test_a_pasted_text_is_rehearsed_and_thrown_away(world: World, platform: str) -> None:
    ref = world.arrives(by_rule=True)
    world.pass_time(hours=20)
    mia, before = world.chat(platform, "mia"), in_force(world)
    answer = mia.says("rules\nrecycle:\n  - name: quick\n    no_first_contact: 1h\n")
    assert ref in answer.text
    assert "Due at once" in answer.text
    thrown = mia.taps(answer, "Throw away")
    assert "Thrown away" in thrown.text
    assert in_force(world) == before


@everywhere
def test_a_mistake_in_a_pasted_text_is_told_with_its_line_and_field(world: World, platform: str) -> None:
    answer = world.chat(platform, "mia").says("rules\nclaim:\n  per_dya: 3\n")
    assert "line 2, claim.per_dya: there is no such field" in answer.text


@everywhere
def test_the_rules_in_force_are_told_in_words(world: World, platform: str) -> None:
    answer = world.chat(platform, "mia").says("rules")
    assert "no first contact within 24 h" in answer.text
    assert "north web" in answer.text


def test_pools_and_teams_of_the_rules_are_told_by_name(world: World) -> None:
    with world.database.begin(world.acme.org_id) as uow:
        build.rule_set(uow, NAMED)
    told = world.chat("playground", "mia").says("rules").text
    assert "not won within 45 d → to North" in told
    assert "North · in turn" in told
    assert "within 4 working h (web)" in told
    assert "2 leads, 7 d at most" in told


def test_in_chinese_too(world: World) -> None:
    mia = world.chat("playground", "mia")
    mia.says("lang zh")
    answer = mia.says("规则 设置 claim.per_day 20")
    assert "演练" in answer.text
    assert "生效" in mia.taps(answer, "生效").text


def test_a_list_in_a_code_block_keeps_its_indents(world: World) -> None:
    answer = world.chat("slack", "mia").says("rules\n```\n  claim:\n    per_day: 9\n```")
    assert "claim.per_day" in answer.text
    assert "5 → 9" in answer.text


def test_a_text_that_begins_on_the_same_line_is_read(world: World) -> None:
    assert "5 → 9" in world.chat("wecom", "mia").says("rules claim: {per_day: 9}").text


def test_a_former_version_comes_back_after_its_rehearsal(world: World) -> None:
    mia = world.chat("playground", "mia")
    mia.taps(mia.says("rules set claim.per_day 20"), "Apply")
    history = mia.says("rules history")
    assert "Version 2 · in force" in history.text
    answer = mia.taps(history, "Bring back")
    assert "20 → 5" in answer.text
    assert "Version 3" in mia.taps(answer, "Apply").text


def test_the_rules_as_written_name_the_words_that_change_them(world: World) -> None:
    answer = world.chat("playground", "mia").says("rules show")
    assert "recycle.first contact.no_first_contact: 24h" in answer.text


def test_whoever_taps_later_than_another_rehearses_again(world: World) -> None:
    mia, max_ = world.chat("playground", "mia"), world.chat("playground", "max")
    slow, quick = mia.says("rules set claim.per_day 20"), max_.says("rules set claim.per_day 30")
    max_.taps(quick, "Apply")
    refused = mia.taps(slow, "Apply")
    assert "Other rules have been put in force" in refused.text
    assert "per_day: 30" in in_force(world)
    anew = mia.taps(refused, "Rehearse again")
    assert "30 → 20" in anew.text
    mia.taps(anew, "Apply")
    assert "per_day: 20" in in_force(world)


def test_a_value_of_another_kind_is_told_with_what_the_field_takes(world: World) -> None:
    answer = world.chat("playground", "mia").says("rules set claim.per_day many")
    assert "claim.per_day cannot be “many”: it takes a whole number. Example: rules set claim.per_day 20" in answer.text


@everywhere
def test_a_large_company_is_counted_by_a_job_and_the_card_fills_itself(
    world: World, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    world.lead(owner="ann")
    mia = world.chat(platform, "mia")
    assert "the next card shows the figures" in mia.says("rules set claim.per_day 20").text.lower()
    world.run_jobs()
    (told,) = (card for card in mia.inbox() if "5 → 20" in card.text)
    assert not any("I am counting" in card.text for card in mia.inbox())
    assert "is in force" in mia.taps(told, "Apply").text


@everywhere
def test_a_rep_changes_nothing(world: World, platform: str) -> None:
    answer = world.chat(platform, "ann").says("rules set claim.per_day 20")
    assert "Only managers can do that" in answer.text


def test_a_card_that_a_rep_got_hold_of_is_only_paper(world: World) -> None:
    mia = world.chat("playground", "mia")
    answer = mia.says("rules set claim.per_day 20")
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(
            rules_admin.text("update member set role = 'rep' where id = :m"), {"m": world.acme.member["mia"]}
        )
    assert "Only managers can do that" in mia.taps(answer, "Apply").text
    assert "per_day: 5" in in_force(world)


@pytest.mark.parametrize("said", ["rules set claim.per_day", "rules nonsense", "rules rollback x", "rules set 20"])
def test_half_a_command_gets_an_example(world: World, said: str) -> None:
    assert "rules set claim.per_day 20" in world.chat("playground", "mia").says(said).text


def test_a_version_that_never_was_cannot_come_back(world: World) -> None:
    assert "there is no version 77" in world.chat("playground", "mia").says("rules rollback 77").text
