"""The lead loop through Slack's real door, real dispatcher and real database, seen on a double of Slack's servers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import sleep as pause
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.app import Bot
from crm.clock import DrivenClock
from crm.db import Database
from crm.services import placing
from crm.settings import Settings
from ops.runtime import Work, compose
from tests import build
from tests.doubles.slack import SlackDouble
from tests.doubles.slack_http import broken
from tests.drivers.slack import SlackDriver, control, join
from tests.drivers.slack_wire import SECRET, Wire
from tests.serving import serving
from webhooks.app import create_app

DUE = """
    update procrastinate_jobs set status = 'succeeded' where status = 'todo'
    and (scheduled_at is null or scheduled_at < now() + interval '10 s') returning id, task_name, args
"""
MESSAGE = {"type": "message", "channel_type": "im", "ts": "1700000001.000100"}


@dataclass
class House:
    """A company on Slack, with everything real but Slack itself."""

    acme: build.Company
    database: Database
    server: SlackDouble
    wire: Wire
    work: Work
    pool: str

    def person(self, name: str) -> SlackDriver:
        return SlackDriver(self.wire, self.user(name), run_jobs=self.run_jobs)

    def user(self, name: str) -> str:
        return build.external("slack", name, self.acme.org_id)

    def run_jobs(self) -> None:
        """Do what is due, and what that makes due; a limit on messages is waited for."""
        for _ in range(30):
            with self.database.session() as session, session.begin():
                due = session.execute(text(DUE)).all()
            for job in sorted(due):
                self.work.by_name()[job.task_name](**job.args)
            if not due:
                return
            pause(0.05)

    def lead(self, **facts: Any) -> str:
        """A lead as it is after a while; its reference."""
        with self.database.begin(self.acme.org_id) as uow:
            return f"L-{build.read(uow, build.lead(uow, self.acme, **facts)).number}"

    def arrives(self, **facts: Any) -> str:
        """A lead that has just come into the open pool, announced to its groups."""
        with self.database.begin(self.acme.org_id) as uow:
            lead_id = build.lead(uow, self.acme, **facts)
            placing.announce(uow, self.acme.pool["open"], [lead_id])
            ref = f"L-{build.read(uow, lead_id).number}"
        self.run_jobs()
        return ref


@pytest.fixture
def server() -> Iterator[SlackDouble]:
    double = SlackDouble()
    yield double
    double.stop()


@pytest.fixture
def bot(server: SlackDouble, time: DrivenClock, migrated_url: str, redis_url: str) -> Iterator[Bot]:
    settings = Settings(
        database_url=migrated_url,
        redis_url=redis_url,
        secret_key=SecretStr(build.SECRET),
        slack_signing_secret=(SecretStr(SECRET),),
        slack_api_url=server.api_url,
        statement_timeout_ms=20_000,
    )
    bot = compose(settings, time=time)
    yield bot
    bot.database.close()
    bot.redis.close()


@pytest.fixture
def house(database: Database, server: SlackDouble, bot: Bot) -> Iterator[House]:
    with database.session() as session, session.begin():
        session.execute(text("update procrastinate_jobs set status = 'succeeded' where status = 'todo'"))
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        build.group(uow, acme, "slack", pool="open")
    users = {build.external("slack", name, acme.org_id): build.PEOPLE[name][0] for name in build.PEOPLE}
    team, pool = f"T{acme.org_id:08d}", f"C{acme.org_id}OPEN"
    join(server, users, team=team, token=f"xoxb-{acme.org_id}", channels=(pool,))
    with serving(create_app(bot)) as host:
        wire = Wire(host, server, team=team)
        yield House(acme, database, server, wire, Work.of(bot), pool)
        wire.close()


def test_a_lead_is_claimed_by_a_command(house):
    ref = house.lead()
    seen = house.person("ann").says(f"claim {ref}")
    assert ref in seen.text
    assert "Lu Wei" in seen.text


def test_the_slower_of_two_learns_who_was_faster(house):
    ref = house.lead()
    house.person("ann").says(f"claim {ref}")
    seen = house.person("bob").says(f"claim {ref}")
    assert "Ann Li" in seen.text


def test_the_same_words_in_a_message_and_in_a_mention_are_answered_there(house):
    house.lead(owner="ann")
    private = house.person("ann").writes("my")
    public = house.person("ann").writes("my", conversation=house.pool)
    assert "Lu Wei" in private.text
    assert (private.place.seen_by, public.place.seen_by) == ("", house.user("ann"))
    assert "Lu Wei" in public.text


def test_a_form_opens_from_a_command_and_what_is_submitted_is_logged(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    form = ann.says(f"log {ref}")
    after = ann.submits(form, note="called, wants a quote")
    assert "quote" in after.text
    assert "quote" in ann.says(f"lead {ref}").text


def test_a_form_asked_for_in_a_message_opens_with_one_tap(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    offered = ann.writes(f"log {ref}")
    form = ann.taps(offered, offered.buttons[0])
    assert "quote" in ann.submits(form, note="called, wants a quote").text


def test_a_lead_that_came_in_is_claimed_in_the_group_and_the_card_changes_for_all(house):
    ref = house.arrives(phone="+8613900139001")
    ann, bob = house.person("ann"), house.person("bob")
    (card,) = bob.group(house.pool)
    assert ref in card.text
    assert "13900139001" not in card.text
    yours = ann.taps(ann.group(house.pool)[0], "Claim")
    slower = bob.taps(card, "Claim")
    house.run_jobs()
    (after,) = bob.group(house.pool)
    assert "Ann Li" in after.text
    assert "Claim" not in after.buttons
    assert "Ann Li" in slower.text
    assert (yours.place.seen_by, slower.place.seen_by) == (house.user("ann"), house.user("bob"))


def test_the_home_page_shows_the_worklist(house):
    assert house.person("ann").opens_home().raw["blocks"]


def test_a_typo_is_guessed(house):
    assert "claim" in house.person("ann").says("clam L-1").text


def test_somebody_not_linked_sees_but_cannot_act(house):
    house.server.user("USTRANGER", name="Stranger", email="nobody@elsewhere.example")
    ref = house.lead()
    stranger = SlackDriver(house.wire, "USTRANGER", run_jobs=house.run_jobs)
    assert stranger.says(f"claim {ref}").text
    assert "Ann Li" not in house.person("bob").says(f"claim {ref}").text


def test_somebody_is_known_by_the_e_mail_that_slack_tells(house):
    house.server.user("UANN2", name="Ann", email="ann@acme.example")
    house.lead(owner="ann")
    assert "Lu Wei" in SlackDriver(house.wire, "UANN2", run_jobs=house.run_jobs).says("my").text


def test_a_command_that_is_delivered_four_times_acts_once(house):
    ref = house.lead()
    fields = house.wire.command_fields(house.user("ann"), f"claim {ref}", house.pool)
    answers = [house.wire.form(fields).json()["text"] for _ in range(4)]
    assert len(set(answers)) == 1
    assert ref in answers[0]


def test_a_reply_in_the_thread_of_a_card_is_a_follow_up_on_its_lead_after_one_tap(house):
    house.lead(owner="ann")
    ref = house.lead(owner="ann", name="Chen Jie")
    ann = house.person("ann")
    card = ann.writes(f"lead {ref}")
    asked = ann.writes("called, wants a quote", thread=card.place.ts)
    assert ref in asked.text
    assert asked.place.thread == card.place.ts
    assert "wants a quote" not in ann.says(f"lead {ref}").text
    ann.taps(asked, "Log it")
    assert "wants a quote" in ann.says(f"lead {ref}").text


@pytest.mark.parametrize("spelt", ["<@{user}|bob>", "<@{user}>", "@Bob Chen"])
def test_a_colleague_is_meant_by_a_mention_as_well_as_by_name(house, spelt):
    ref = house.lead(owner="ann")
    house.person("mia").says(f"assign {ref} {spelt.format(user=house.user('bob'))}")
    house.run_jobs()
    assert "Bob Chen" in house.person("mia").says(f"lead {ref}").text


def test_somebody_who_left_slack_is_signed_off(house):
    ref = house.lead()
    house.wire.push(house.wire.event({"type": "user_change", "user": {"id": house.user("ann"), "deleted": True}}))
    house.run_jobs()
    assert house.person("ann").inbox() == []
    assert "Lu Wei" not in house.person("ann").says(f"claim {ref}").text
    assert "Lu Wei" in house.person("bob").says(f"claim {ref}").text


def test_eight_deliveries_at_once_of_one_tap_are_one_claim(house):
    ref = house.arrives()
    (card,) = house.person("ann").group(house.pool)
    payload = house.wire.tap(house.user("ann"), card.place, *control(card.raw["blocks"], "Claim"))
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda _: house.wire.interact(payload).status_code, range(8)))
    house.run_jobs()
    answers = [each for each in house.server.standing(house.pool) if each.seen_by]
    assert statuses == [200] * 8
    assert len(answers) == 1
    assert ref in answers[0].text


def test_a_button_of_an_old_card_does_nothing_but_show_the_new_one(house):
    ref = house.lead(owner="ann")
    ann = house.person("ann")
    old = ann.writes(f"lead {ref}")
    ann.says(f"stage {ref} quote")
    shown = ann.taps(old, "Won")
    assert "Quote" in shown.text
    assert "Quote" in ann.says(f"lead {ref}").text


def test_slack_being_down_loses_no_answer(house):
    house.lead(owner="ann")
    ann = house.person("ann")
    house.server.faults.add("chat.postMessage", broken(503))
    response = house.wire.push(
        house.wire.event(MESSAGE | {"user": house.user("ann"), "channel": ann.private, "text": "my"})
    )
    house.run_jobs()
    assert response.status_code == 200
    assert "Lu Wei" in ann.inbox()[0].text
