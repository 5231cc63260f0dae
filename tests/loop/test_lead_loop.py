"""A lead's whole way, the same on every platform: dispatched, claimed, logged, reminded, warned, recycled, won."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.world import PLATFORMS, World

everywhere = pytest.mark.parametrize("platform", PLATFORMS)


@everywhere
def test_a_rep_claims_by_command_and_sees_the_contact_only_then(world: World, platform: str) -> None:
    ref = world.lead(phone="+8613912345678")
    before = world.chat(platform, "ann").says("pool")
    after = world.chat(platform, "ann").says(f"claim {ref}")
    assert "13912345678" not in before.text
    assert "13912345678" in after.text


@everywhere
def test_the_slower_of_two_claimers_learns_who_was_faster_and_takes_the_next(world: World, platform: str) -> None:
    ref, other = world.lead(score=9), world.lead(score=1)
    world.chat(platform, "ann").says(f"claim {ref}")
    bob = world.chat(platform, "bob")
    answer = bob.says(f"claim {ref}")
    assert "Ann Li" in answer.title
    assert other in bob.taps(answer, "Claim the next").text


@everywhere
def test_one_english_sentence_logs_and_sets_the_reminder(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    answer = world.chat(platform, "ann").says(f"log {ref} called, wants a quote, call back tomorrow 3pm")
    assert "wants a quote" in answer.text
    assert "tomorrow 15:00" in answer.text


@everywhere
def test_one_chinese_sentence_logs_and_sets_the_reminder(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    answer = world.chat(platform, "ann").says(f"跟进 {ref} 打了电话，要报价，明天下午3点再联系")
    assert "tomorrow 15:00" in answer.text


@everywhere
def test_an_undone_follow_up_leaves_clock_and_reminder_as_before(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"log {ref} called, call back tomorrow 3pm")
    ann.says("undo")
    assert world.count("select count(*) from task where state = 'open'") == 0
    assert world.count("select count(*) from lead where followed_up_at is not null") == 0


@everywhere
def test_a_dispatched_lead_is_pushed_with_the_reason_and_its_countdown(world: World, platform: str) -> None:
    world.chat(platform, "ann").says("off")
    bob = world.chat(platform, "bob")
    world.arrives(by_rule=True)
    cards = [card for card in bob.inbox() if "New for you" in card.text]
    assert any("north web" in card.text for card in cards)
    assert any("Log" in card.buttons for card in cards)


@everywhere
def test_a_reminder_comes_at_its_minute_and_is_ticked_off_by_one_tap(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    ann.says(f"remind {ref} in 2 hours send the offer")
    world.pass_time(hours=1, minutes=59)
    early = [card for card in ann.inbox() if card.title.startswith("Due:")]
    world.pass_time(minutes=1)
    (card,) = (card for card in ann.inbox() if card.title.startswith("Due:"))
    ann.taps(card, "Done")
    assert early == []
    assert world.count("select count(*) from task where state = 'done'") == 1


@everywhere
def test_a_neglected_lead_is_warned_about_then_recycled_and_claimed_by_somebody_else(
    world: World, platform: str
) -> None:
    ref = world.lead()
    ann, bob = world.chat(platform, "ann"), world.chat(platform, "bob")
    ann.says(f"claim {ref}")
    world.pass_time(hours=22)
    assert any("goes back to the pool" in card.title for card in ann.inbox())
    world.pass_time(hours=2)
    assert any("went back to the pool" in card.title for card in ann.inbox())
    assert ref in bob.says("claim next").text


@everywhere
def test_a_follow_up_keeps_the_lead_that_was_warned_about(world: World, platform: str) -> None:
    ref = world.lead()
    ann = world.chat(platform, "ann")
    ann.says(f"claim {ref}")
    world.pass_time(hours=22)
    ann.says(f"log {ref} called, will think about it")
    world.pass_time(hours=10)
    assert world.count("select count(*) from assignment where ended_at is null") == 1


@everywhere
def test_a_former_owner_has_to_wait_out_the_cool_down(world: World, platform: str) -> None:
    ref = world.lead()
    ann = world.chat(platform, "ann")
    ann.says(f"claim {ref}")
    ann.says(f"release {ref} no time")
    refused = ann.says(f"claim {ref}")
    assert "You owned" in refused.text


@everywhere
def test_the_daily_quota_refuses_with_figures_and_a_release_refunds_nothing(world: World, platform: str) -> None:
    refs = [world.lead() for _ in range(6)]
    ann = world.chat(platform, "ann")
    ann.says("claim 5")
    ann.says(f"release {refs[0]} no time")
    refused = ann.says(f"claim {refs[5]}")
    assert "5 of 5" in refused.text


@everywhere
def test_won_frees_room_and_can_be_undone(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    won = ann.says(f"won {ref} 12000")
    assert "12,000" in won.text
    assert world.count("select holding from rep_load where member_id = :m", m=world.acme.member["ann"]) == 0
    ann.says("undo")
    assert world.count("select count(*) from lead where status = 'open'") == 1
    assert world.count("select holding from rep_load where member_id = :m", m=world.acme.member["ann"]) == 1


@everywhere
@pytest.mark.parametrize("amount", ["12000", "12,000.00", "1.2万", "12k", "￥12000"])
def test_what_was_won_is_read_as_people_write_it(world: World, platform: str, amount: str) -> None:
    ref = world.lead(owner="ann")
    won = world.chat(platform, "ann").says(f"won {ref} {amount}")
    assert "12,000" in won.text
    assert world.count("select amount from lead") == 12000


@everywhere
def test_a_first_customer_is_saved_in_two_interactions_and_stays_the_reps_own(world: World, platform: str) -> None:
    ann = world.chat(platform, "ann")
    asked = ann.says("new Mei Lin, Lotus Tea, 13800138999")
    saved = ann.taps(asked, "I found them: mine")
    world.pass_time(days=90)
    assert "never recycled" in saved.text
    assert world.count("select count(*) from assignment where ended_at is null") == 1


@everywhere
def test_a_typo_is_answered_with_the_nearest_word(world: World, platform: str) -> None:
    answer = world.chat(platform, "ann").says("clam L-1")
    assert "claim" in answer.text


@everywhere
def test_a_lead_of_another_team_reads_as_not_found(world: World, platform: str) -> None:
    ref = world.lead(owner="cyd")
    answer = world.chat(platform, "ann").says(f"lead {ref}")
    assert "no lead" in answer.text
    assert "Lu Wei" not in answer.text


# WeCom's card is edited in place by the follow-up, so nothing old is left to tap there.
@pytest.mark.parametrize("platform", ["slack", "playground"])
def test_a_tap_on_an_old_card_refreshes_it_and_does_nothing_else(world: World, platform: str) -> None:
    ref = world.lead(owner="ann")
    ann = world.chat(platform, "ann")
    card = ann.says(f"lead {ref}")
    ann.says(f"log {ref} called, no answer")
    after = ann.taps(card, "No answer")
    assert "out of date" in after.text
    assert world.count("select count(*) from activity where verb = 'logged'") == 1


@everywhere
def test_a_member_who_has_left_cannot_act(world: World, platform: str) -> None:
    ref = world.lead()
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update member set active = false where id = :m"), {"m": world.acme.member["ann"]})
    answer = world.chat(platform, "ann").says(f"claim {ref}")
    assert "do not know you" in answer.text
    assert world.count("select count(*) from assignment") == 0


@everywhere
def test_a_manager_hears_why_a_lead_went_to_whom(world: World, platform: str) -> None:
    ref = world.arrives(by_rule=True)
    answer = world.chat(platform, "mia").says(f"why {ref}")
    assert "north web" in answer.text


@everywhere
def test_a_manager_gives_a_lead_to_a_colleague_who_is_told(world: World, platform: str) -> None:
    ref = world.lead()
    bob = world.chat(platform, "bob")
    world.chat(platform, "mia").says(f"assign {ref} @Bob")
    world.run_jobs()
    assert any("Mia Manager gave you" in card.title for card in bob.inbox())


@everywhere
def test_a_rep_may_not_assign(world: World, platform: str) -> None:
    ref = world.lead()
    answer = world.chat(platform, "ann").says(f"assign {ref} @Bob")
    assert "managers" in answer.text
