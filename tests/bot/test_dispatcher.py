"""One interaction, one transaction: whatever happens, exactly the answer's effects are stored."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.dispatcher import DatabaseAway, Dispatcher
from bot.interaction import Answer
from crm.db import Database
from crm.errors import Conflict, QuotaReached
from crm.services import clocks, follow_ups, pools
from tests.bot.asking import ask, says, shown
from tests.world import World

HURRIED = 1000  # milliseconds: also on a busy machine enough for statements that wait for nobody


def count_of(world: World, table: str, where: str = "true") -> int:
    return world.count(f"select count(*) from {table} where org_id = :o and {where}", o=world.acme.org_id)


@contextmanager
def lead_locked(world: World, ref: str):
    """Somebody else's transaction holds the lead."""
    with world.database.begin(world.acme.org_id) as uow:
        uow.session.execute(
            text("select 1 from lead where org_id = :o and number = :n for update"),
            {"o": uow.org_id, "n": int(ref.removeprefix("L-"))},
        )
        yield


@pytest.fixture
def hurried(world, migrated_url):
    """A dispatcher whose statements may take a moment only."""
    database = Database(migrated_url, pool_size=4, statement_timeout_ms=HURRIED, time=world.time)
    bot = world.bot
    yield Dispatcher(database=database, workspaces=bot.workspaces, platforms=bot.platforms, settings=bot.settings)
    database.close()


def test_a_repeat_has_no_effect_and_gets_the_first_answer(world):
    ref = world.lead(owner="ann", pool="open")
    once = says(world, f"log {ref} called, call back tomorrow 3pm")
    first, again = ask(world, once), ask(world, once)
    assert shown(first) == shown(again)
    assert count_of(world, "activity", "verb = 'logged'") == 1


def test_a_repeat_is_drawn_from_the_present_state(world):
    ref = world.lead()
    look = says(world, f"lead {ref}")
    assert "Claim" in shown(ask(world, look))
    ask(world, says(world, f"claim {ref}"))
    assert "+8613" in shown(ask(world, look))


def test_eight_at_once_have_one_effect_and_one_answer(world):
    refs = {world.lead() for _ in range(3)}
    once = says(world, "claim next")
    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: shown(ask(world, once)), range(8)))
    assert len(refs) == 3
    assert len(answers) == 1
    assert count_of(world, "assignment") == 1


def test_a_refusal_rolls_back_everything_and_is_the_stored_answer(world, monkeypatch):
    ref = world.lead(owner="ann", pool="open")

    def refuse(*_args):
        raise Conflict

    monkeypatch.setattr(clocks, "restart", refuse)
    once = says(world, f"log {ref} called")
    first = shown(ask(world, once))
    monkeypatch.undo()
    assert "same moment" in first
    assert shown(ask(world, once)) == first
    assert count_of(world, "activity", "verb = 'logged'") == 0


def test_a_mistake_of_ours_changes_nothing_and_its_token_is_in_the_log(world, monkeypatch):
    ref = world.lead(owner="ann", pool="open")

    def crash(*_args):
        raise ZeroDivisionError("13800138000")

    monkeypatch.setattr(clocks, "restart", crash)
    with capture_logs() as logs:
        answer = shown(ask(world, says(world, f"log {ref} called 13800138000")))
    [entry] = [entry for entry in logs if entry["event"] == "interaction.failed"]
    assert entry["token"] in answer
    assert entry["log_level"] == "error"
    assert isinstance(entry["exc_info"], ZeroDivisionError)
    assert count_of(world, "activity", "verb = 'logged'") == 0


def test_a_crash_while_a_refusal_is_drawn_is_answered_too(world, monkeypatch):
    def refuse(*_args, **_more):
        raise QuotaReached(used=1)  # its text wants more figures than that

    monkeypatch.setattr(pools, "listing", refuse)
    assert "went wrong" in shown(ask(world, says(world, "pool")))


def test_what_takes_too_long_is_answered_later_and_once(world, hurried):
    ref, ann = world.lead(), world.chat("playground", "ann")
    once = says(world, f"claim {ref}")
    with lead_locked(world, ref):
        assert "answer" in shown(hurried.dispatch(once))
    assert count_of(world, "assignment") == 0
    world.run_jobs()
    assert count_of(world, "assignment") == 1
    world.work.answer_late("", world.bot.workspaces.vault.seal(json.dumps(asdict(once))).decode())
    world.run_jobs()
    assert count_of(world, "assignment") == 1
    assert sum(ref in card.text + card.title for card in ann.inbox()) == 1
    assert "Yours" in shown(hurried.dispatch(once))


def test_a_late_refusal_reaches_the_person(world, hurried):
    ref, ann = world.lead(), world.chat("playground", "ann")
    with lead_locked(world, ref):
        hurried.dispatch(says(world, f"claim {ref}"))
        assert ann.inbox() == []
    ask(world, says(world, f"claim {ref}", "bob"))
    world.run_jobs()
    assert [card.title for card in ann.inbox()] == ["Bob Chen was faster"]


def test_without_a_database_nothing_is_said_to_be_done(world):
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none", pool_size=2)
    bot = world.bot
    lost = Dispatcher(database=away, workspaces=bot.workspaces, platforms=bot.platforms, settings=bot.settings)
    with pytest.raises(DatabaseAway):
        lost.dispatch(says(world, "today"))
    away.close()


def test_an_unknown_installation_is_answered_with_nothing(world):
    assert ask(world, replace(says(world, "today"), workspace="nobody's")) == Answer()


def test_a_key_shown_once_is_stored_nowhere(world):
    once = says(world, "sources new Fair", "ada")
    first = shown(ask(world, once))
    key = re.search(r"(whsec_[\w+/=]+|[\w-]{30,})", first)[1]
    stored = "select count(*) from delivery d where d.answer::text like '%' || :key || '%'"
    assert world.count(stored, key=key) == 0
    assert key not in shown(ask(world, once))


def test_no_personal_text_is_kept_with_an_answer(world):
    ref = world.lead(owner="ann", pool="open", name="Secret Person")
    ask(world, says(world, f"log {ref} called about her secret plan, call back tomorrow"))
    kept = "select count(*) from delivery where org_id = :o and answer::text ilike '%secret%'"
    assert world.count(kept, o=world.acme.org_id) == 0


@pytest.mark.parametrize("words", ["help", "claim next", "my", "new Ann Li, Acme, 13800138000", "undo", "on"])
def test_a_stranger_may_ask_and_changes_nothing(world, words):
    world.lead()
    answer = shown(ask(world, says(world, words, "stranger")))
    assert ("What I understand" in answer or "do not know you" in answer) is True
    assert count_of(world, "activity", "actor_id is not null") == 0


def test_a_stranger_taps_in_vain(world):
    ref = world.lead()
    tap = says(world, "", "stranger", kind="action", action="lead.claim", value=ref)
    assert "do not know you" in shown(ask(world, tap))
    assert count_of(world, "assignment") == 0


def test_a_button_that_no_longer_exists_says_so(world):
    tap = says(world, "", kind="action", action="lead.teleport", value="L-1")
    assert "old" in shown(ask(world, tap))


def test_a_tap_on_an_older_version_refreshes_and_does_nothing(world):
    ref = world.lead(owner="ann", pool="open")
    tap = says(world, "", kind="action", action="lead.no_answer", value=ref, version=1)
    ask(world, tap)
    assert count_of(world, "activity", "verb = 'logged'") == 1
    ask(world, replace(tap, key="another tap"))
    assert count_of(world, "activity", "verb = 'logged'") == 1


def test_a_deadlock_is_tried_again(world, monkeypatch):
    ref, tries = world.lead(owner="ann", pool="open"), []
    log_it = follow_ups.log

    def clash(uow, **more):
        tries.append(uow)
        monkeypatch.setattr(follow_ups, "log", log_it)
        uow.session.execute(text("do $$ begin raise exception using errcode = '40P01'; end $$"))

    monkeypatch.setattr(follow_ups, "log", clash)
    assert ref in shown(ask(world, says(world, f"log {ref} called")))
    assert (len(tries), count_of(world, "activity", "verb = 'logged'")) == (1, 1)
