"""A member's own way to work, everywhere: stars, an order, lists in words, the week, and what a team is asked."""

from __future__ import annotations

import pytest

from tests.drivers.base import Seen
from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)
OPEN = "select count(*) from task where state = 'open'"
OWNED = "select coalesce(max(member_id), 0) from task"


def with_button(cards: list[Seen], label: str) -> Seen:
    return [card for card in cards if label in card.buttons][-1]


def place(text: str, *names: str) -> bool:
    """Whether the names stand in that order."""
    return sorted(names, key=text.index) == list(names)


@everywhere
def test_a_list_in_words_is_saved_by_a_tap_and_comes_back_in_ones_own_order(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    world.lead(owner="ann", name="Lu Wei", stage="quote", amount=80000, score=10)
    zoe = world.lead(owner="ann", name="Zoe", stage="quote", amount=60000, score=90)
    world.lead(owner="ann", name="Tom", stage="new", amount=90000)
    assert "★ Zoe" in ann.says(f"star {zoe}").text
    ann.says("排序 评分")
    shown = ann.says("my stage quote, amount over 50k")
    assert place(shown.text, "Zoe", "Lu Wei")
    assert "Tom" not in shown.text
    saved = ann.submits(ann.taps(shown, "Save this list"), name="hot")
    assert "Your list hot" in saved.text
    assert "★ Zoe" in ann.says("list hot").text
    lists = ann.says("清单")
    assert "hot · 2" in lists.text
    assert "Your list hot" in ann.taps(lists, "Open").text
    assert "Removed: hot" in ann.says("清单 删除 hot").text


@everywhere
def test_the_first_of_the_team_to_tap_has_the_task_and_the_others_see_who(world: World, platform: str) -> None:
    ann, bob, mia = (world.chat(platform, name) for name in ("ann", "bob", "mia"))
    ref = world.lead(owner="ann", phone="+8613912340000")
    assert "Asked the team North" in ann.says(f"remind @North {ref} call back tomorrow 3pm").text
    world.pass_time(days=1, hours=5)
    assert with_button(mia.inbox(), "Take it")
    after = bob.taps(with_button(bob.inbox(), "Take it"), "Take it")
    world.run_jobs()
    assert "Due:" in after.text
    assert world.count(OWNED) == world.acme.member["bob"]
    assert any("Taken by Bob Chen" in card.text for card in mia.inbox())


def test_a_late_tap_is_told_who_has_the_task(world: World) -> None:
    ann, bob = world.chat("playground", "ann"), world.chat("playground", "bob")
    ann.says("remind team tidy the pool today 5pm")
    cards = [who.says("today") for who in (ann, bob)]
    ann.taps(cards[0], "Take it")
    assert "Ann Li has taken that already" in bob.taps(cards[1], "Take it").text


def test_next_goes_through_the_own_leads_in_their_order(world: World) -> None:
    ann = world.chat("playground", "ann")
    for name, score in (("Lu Wei", 10), ("Zoe", 90), ("Tom", 50)):
        world.lead(owner="ann", name=name, score=score)
    assert "the most urgent first" in ann.says("sort").text
    assert "sort by score" in ann.says("sort sideways").text
    assert "the highest score first" in ann.says("sort by score").text
    first = ann.says("next")
    assert "Zoe" in first.title
    logged = ann.says("log called, no answer")
    second = ann.taps(logged, "Next lead")
    assert "Tom" in second.title
    assert "Lu Wei" in ann.says("下一个").title


def test_done_and_snooze_need_no_number_where_one_thing_is_due(world: World) -> None:
    ann = world.chat("playground", "ann")
    ref = world.lead(owner="ann")
    ann.says(f"remind {ref} today 3pm send the offer")
    assert "tomorrow 09:00" in ann.says("snooze tomorrow 9am").text
    assert "no open reminder" in ann.says("done").text
    assert "Logged" in ann.says(f"done {ref} called, wants a quote").title
    assert world.count(OPEN) == 0


def test_of_several_that_are_due_one_is_chosen(world: World) -> None:
    ann = world.chat("playground", "ann")
    for name in ("Zoe", "Tom"):
        ann.says(f"remind {world.lead(owner='ann', name=name)} today 3pm call back")
    asked = ann.says("完成")
    assert "Which one?" in asked.title
    assert "Done: Zoe" in ann.taps(asked, "Done").title
    assert "Done: Tom" in ann.says("done Tom").title


def test_take_without_a_task_of_the_team_claims(world: World) -> None:
    ref = world.lead()
    assert "Yours" in world.chat("playground", "bob").says(f"take {ref}").title


def test_the_week_stands_by_days_in_the_language_of_the_reader(world: World) -> None:
    ann = world.chat("playground", "ann")
    ref = world.lead(owner="ann")
    ann.says(f"remind {ref} today 11am now")
    ann.says(f"remind {ref} Friday 9am send the offer")
    world.time.advance(hours=2)
    assert place(ann.says("week").text, "Overdue", "now", "Fri, Mar 6", "send the offer")
    ann.says("lang zh")
    assert place(ann.says("本周").text, "已逾期", "3月6日周五")


def test_the_address_of_the_calendar_works_and_ends(world: World) -> None:
    ann = world.chat("wecom", "ann")
    ann.says(f"remind {world.lead(owner='ann')} tomorrow 3pm send the offer")
    word = ann.says("calendar").text.partition("/calendar/")[2].partition(".ics")[0]
    assert "send the offer" in world.client.get(f"/calendar/{word}.ics").text
    assert "The address is off" in ann.says("日历 关闭").text
    assert world.client.get(f"/calendar/{word}.ics").status_code == 404


def test_a_team_is_asked_about_what_is_no_lead(world: World) -> None:
    ann, cyd = world.chat("playground", "ann"), world.chat("playground", "cyd")
    assert "打扫展厅" in ann.says("提醒 团队 今天下午5点打扫展厅").text
    assert "打扫展厅" in world.chat("playground", "bob").says("today").text
    assert "打扫展厅" not in cyd.says("today").text
    assert "no pool or team" in ann.says("remind @Nowhere call tomorrow 9am").text
    assert "When exactly" in ann.says("remind team tidy up soon").text
