"""Cards that stand in a chat: brought up to date once, however often their lead changed, never to an older state."""

import pytest
from sqlalchemy import text

from crm.services import placing
from tests import build
from tests.bot.asking import told
from tests.doubles.slack_http import broken, refused, throttled

UPDATE = "chat.update"


@pytest.fixture
def ref(world):
    """A lead that stands on a card in Slack's group and one in the playground's."""
    return world.arrives()


def group(world):
    return world.chat("slack", "ada").group(f"C{world.acme.org_id}OPEN")


def jobs(world) -> int:
    waiting = (
        "select count(*) from procrastinate_jobs where task_name = 'edit_card' and status = 'todo'"
        " and args->>'org_id' = :org"
    )
    return world.count(waiting, org=str(world.acme.org_id))


def live(world) -> list[tuple[int, int]]:
    with world.database.begin(world.acme.org_id) as uow:
        rows = uow.session.execute(
            text("select wanted, shown from posted_card where org_id = :o and live"), {"o": uow.org_id}
        )
        return [tuple(row) for row in rows]


def test_many_changes_before_the_job_are_one_update_with_the_newest(world, ref):
    told(world, f"claim {ref}")
    told(world, f"release {ref} not mine")
    told(world, f"claim {ref}", "bob")
    assert jobs(world) == 2  # one for each card, Slack's and the playground's
    world.run_jobs()
    assert world.slack.count(UPDATE) == 1
    assert "claimed by Bob Chen" in group(world)[-1].text


def test_what_is_shown_already_is_not_sent_again(world, ref):
    told(world, f"claim {ref}")
    world.run_jobs()
    cards = world.count("select max(id) from posted_card where org_id = :o", o=world.acme.org_id)
    world.work.edit_card(world.acme.org_id, cards)
    world.work.edit_card(world.acme.org_id, cards)
    assert world.slack.count(UPDATE) == 1


def test_a_change_while_an_update_is_on_its_way_is_shown_after_it(world, ref):
    told(world, f"claim {ref}")
    slack = world.bot.platforms["slack"]
    send = slack.update

    def meanwhile(*args):
        slack.update = send
        told(world, f"won {ref} 900")
        return send(*args)

    slack.update = meanwhile
    world.run_jobs()
    assert all(wanted == shown for wanted, shown in live(world))
    assert world.slack.count(UPDATE) == 2


@pytest.mark.parametrize("fault", [throttled(1), broken(503)])
def test_an_update_that_fails_for_now_comes_later(world, ref, fault):
    world.slack.faults.add(UPDATE, fault)
    told(world, f"claim {ref}")
    world.run_jobs()
    world.time.advance(seconds=40)
    world.run_jobs()
    assert "claimed by Ann Li" in group(world)[-1].text


def test_a_card_that_was_deleted_is_left_alone(world, ref):
    world.slack.faults.add(UPDATE, refused("message_not_found"))
    told(world, f"claim {ref}")
    world.run_jobs()
    assert len(live(world)) == 1  # the playground's
    told(world, f"release {ref} no")
    world.run_jobs()
    assert world.slack.count(UPDATE) == 1


def test_the_winners_contact_is_on_nobodys_group_card(world):
    ref = world.arrives(phone="+8613812345678")
    told(world, f"claim {ref}")
    world.run_jobs()
    assert "12345678" not in "".join(card.text for card in group(world))


def test_a_card_that_a_tap_replaced_is_not_drawn_over(world):
    ref, ann = world.lead(), world.chat("slack", "ann")
    told(world, f"assign {ref} @Ann", "mia")
    world.run_jobs()
    card = ann.inbox()[-1]
    after = ann.taps(card, "No answer")
    world.run_jobs()
    assert ann.inbox()[-1].title == after.title


def test_an_organization_that_is_away_costs_no_error(world, ref):
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(text("update workspace set dead_at = now() where org_id = :o"), {"o": uow.org_id})
    world.bot.workspaces.forget()
    told_before = world.slack.count(UPDATE)
    with world.database.begin(world.acme.org_id) as uow:
        lead = uow.session.scalar(text("select id from lead where org_id = :o"), {"o": uow.org_id})
        uow.touch(lead)
    world.run_jobs()
    assert world.slack.count(UPDATE) == told_before


def test_a_card_of_several_leads_is_edited_by_one_job_after_the_other(world):
    with world.database.begin(world.acme.org_id) as uow:
        made = [build.lead(uow, world.acme) for _ in range(3)]
        placing.announce(uow, world.acme.pool["open"], made)
    world.run_jobs()
    told(world, "claim 2")
    locks = (
        "select count(distinct lock) from procrastinate_jobs where task_name = 'edit_card' and status = 'todo'"
        " and args->>'org_id' = :org"
    )
    assert jobs(world) == 4
    assert world.count(locks, org=str(world.acme.org_id)) == 2  # Slack's card and the playground's
