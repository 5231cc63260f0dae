"""Dead letters: messages, calls and fetches by one list, tried again or dropped by number, topic or cause."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from crm import queue
from crm.errors import MessageNotDead, NotAllowed
from crm.services import dead_letters, hooks, members
from crm.services.dead_letters import Which
from crm.vault import Vault
from tests import build, command_line

MESSAGE = text(
    "insert into message (org_id, topic, key, card, state, cause, attempt, created_at, due_at)"
    " values (:org, :topic, :key, '{}', 'dead', :cause, 9, :now, :now) returning id"
)
CALL = text(
    "insert into hook_call (org_id, hook_id, event, topic, payload, state, cause, attempt, created_at, due_at)"
    " values (:org, :hook, 'evt_1', 'lead.won', '{}', 'dead', '500', 9, :now, :now) returning id"
)
FETCH = text(
    "insert into owed_fetch (org_id, source_id, own_id, data, state, tries, cause, at)"
    " values (:org, :source, 'm1', '{}', 'failed', 3, 'token', :now) returning id"
)


@pytest.fixture
def acme(database, time):
    return build.company(database)


@pytest.fixture
def uow(database, acme):
    with database.begin(acme.org_id) as opened:
        yield opened


@pytest.fixture
def letters(uow, acme):
    """Two messages of one cause, one of another, a call and a fetch; their numbers."""
    known = {"org": acme.org_id, "now": uow.now}
    causes = {"k1": "gone", "k2": "gone", "k3": "left"}
    made = [
        str(uow.session.scalar(MESSAGE, known | {"topic": "tour", "key": key, "cause": cause}))
        for key, cause in causes.items()
    ]
    hook, _ = hooks.create(uow, Vault(build.SECRET), actor=None, url="https://erp.acme.example/in", topics=[])
    uow.session.flush()
    made.append(f"c{uow.session.scalar(CALL, known | {'hook': hook.id})}")
    made.append(f"f{uow.session.scalar(FETCH, known | {'source': acme.source_id})}")
    return made


def states(uow):
    found = text(
        "select (select string_agg(state, ' ' order by id) from message where org_id = :org),"
        " (select state from hook_call where org_id = :org), (select state from owed_fetch where org_id = :org)"
    )
    return tuple(uow.session.execute(found, {"org": uow.org_id}).one())


def test_all_kinds_are_in_one_list_and_counted_by_cause(uow, letters):
    assert {letter.number for letter in dead_letters.listing(uow)} == set(letters)
    assert [group.count for group in dead_letters.groups(uow)] == [2, 1, 1, 1]
    assert dead_letters.count(uow, Which(cause="gone")) == 2
    assert [letter.number for letter in dead_letters.listing(uow, Which(topic="web"))] == [letters[4]]


def test_all_are_tried_again_each_by_its_job(uow, letters):
    assert dead_letters.retry(uow, actor=None, which=Which()) == 5
    assert states(uow) == ("owed owed owed", "owed", "owed")
    uow.flush()
    jobs = text("select task_name from procrastinate_jobs where args->>'org_id' = :org and task_name <> :plan")
    made = uow.session.scalars(jobs, {"org": str(uow.org_id), "plan": queue.PLAN}).all()
    assert sorted(made) == sorted([queue.DELIVER] * 3 + [queue.CALL, queue.FETCH_LEAD])


def test_those_like_one_are_dropped_and_the_others_stay(uow, letters):
    assert dead_letters.drop(uow, actor=None, which=dead_letters.alike(uow, letters[0])) == 2
    assert states(uow) == ("dropped dropped dead", "dead", "failed")


@pytest.mark.parametrize(
    ("place", "left"),
    [
        (2, ("dead dead dropped", "dead", "failed")),
        (3, ("dead dead dead", "dropped", "failed")),
        (4, ("dead dead dead", "dead", "done")),
    ],
)
def test_one_is_dropped_by_its_number(uow, letters, place, left):
    assert dead_letters.drop(uow, actor=None, which=dead_letters.named(letters[place])) == 1
    assert states(uow) == left


@pytest.mark.parametrize("word", ["", "0", "x1", "c", "cc1", "9" * 40, "-1", "1 2"])
def test_what_is_no_number_is_refused(word):
    with pytest.raises(MessageNotDead):
        dead_letters.named(word)


def test_one_that_is_not_dead_is_refused(uow, letters):
    dead_letters.drop(uow, actor=None, which=dead_letters.named(letters[0]))
    with pytest.raises(MessageNotDead):
        dead_letters.retry(uow, actor=None, which=dead_letters.named(letters[0]))
    with pytest.raises(MessageNotDead):
        dead_letters.alike(uow, letters[0])


def test_only_admins_do_and_it_stands_in_the_audit(uow, acme, letters):
    ann, ada = (members.get(uow, acme.member[name]) for name in ("ann", "ada"))
    with pytest.raises(NotAllowed):
        dead_letters.drop(uow, actor=ann, which=Which())
    dead_letters.drop(uow, actor=ada, which=Which(cause="gone"))
    [entry] = uow.session.execute(text("select actor_id, data from audit where verb = 'dead.dropped'")).all()
    assert entry == (acme.member["ada"], {"message": 2, "cause": "gone", "topic": ""})


def test_the_command_line_lists_retries_and_drops(database, acme, migrated_url, monkeypatch, tmp_path: Path):
    command_line.settle(monkeypatch, tmp_path, migrated_url)
    with database.begin(acme.org_id) as uow:
        known = {"org": acme.org_id, "now": uow.now, "topic": "tour"}
        first, second = (
            uow.session.scalar(MESSAGE, known | {"key": cause, "cause": cause}) for cause in ("gone", "left")
        )

    key = command_line.key_of(database, acme)

    def sluice(*words):
        return command_line.sluice(["dead", *words, "--org", key])

    assert sluice("--cause", "left").stdout == f"{second:>8}  tour                 left\n"
    assert [row["number"] for row in json.loads(sluice("--json").stdout)] == [str(second), str(first)]
    assert sluice("--retry", str(first)).stdout == "1 will be tried again.\n"
    assert sluice("--retry", str(first)).exit_code == 1
    assert json.loads(sluice("--drop", "all", "--topic", "tour", "--json").stdout) == {"changed": 1}
    assert sluice().stdout == "None.\n"
    assert sluice("--retry", "all", "--drop", "all").exit_code == 2
