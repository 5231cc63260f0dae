"""The demo's company at a small scale: lived by the services, true in its figures, the same everywhere."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import text

from bot.interaction import Interaction
from crm.clock import DrivenClock
from crm.db import Database
from crm.rules.periods import running
from crm.services import digests, funnel, shadowing
from crm.settings import Settings
from ops import company_file, demo_data, demo_story
from ops.demo import THINGS_TO_TRY
from ops.demo_story import ORIGINS, REPS, ZONE, scripts
from ops.runtime import compose
from ops.sockets import Sockets

PRESENT = datetime(2026, 11, 18, 6, 30, tzinfo=UTC)
SMALL = 300
README = Path(__file__).parents[2] / "README.md"
TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def demo(engines: Sockets, worker_id: str, migrated_schema: str) -> Iterator[Database]:
    """A database of its own with the demo's first leads."""
    name = f"demo_{worker_id}"
    url = engines.create_database(name, template=migrated_schema)
    database = Database(url, statement_timeout_ms=20_000, time=DrivenClock(PRESENT))
    demo_data.begin(database, secret_key="a secret key that tests know", out=Console(quiet=True), first=SMALL)
    yield database
    database.close()
    engines.drop_database(name)


@pytest.fixture
def copied(demo: Database, engines: Sockets, worker_id: str) -> Iterator[Database]:
    """The same in a database that the test may change."""
    demo.close()  # it is copied while nobody is connected
    name = f"demo_copied_{worker_id}"
    url = engines.create_database(name, template=f"demo_{worker_id}")
    database = Database(url, statement_timeout_ms=20_000, time=DrivenClock(PRESENT))
    yield database
    database.close()
    engines.drop_database(name)


def ask(demo: Database, query: str) -> list[tuple[Any, ...]]:
    with demo.begin(1) as uow:
        return [tuple(row) for row in uow.session.execute(text(query), {"now": uow.now})]


def one(demo: Database, query: str) -> Any:
    return ask(demo, query)[0][0]


def test_the_company_is_as_large_as_promised() -> None:
    company = company_file.read(demo_data.COMPANY)
    roles = [member.role for member in company.members]
    leaves = {member.team for member in company.members if member.role == "rep"}
    assert (roles.count("rep"), roles.count("manager"), roles.count("admin")) == (12, 3, 1)
    assert (len(leaves), len(company.pools), len({part.parent for part in company.departments})) == (3, 3, 4)
    assert {rep.key for rep in REPS} <= {member.playground for member in company.members}
    assert {origin.source for origin in ORIGINS} == {source.key for source in company.sources}


def test_three_thousand_leads_are_spread_over_ninety_days() -> None:
    told = scripts(PRESENT)
    days = {(PRESENT - script.enters).days for script in told}
    assert len(told) == 3000
    assert days == set(range(demo_story.DAYS - 1))


def test_the_same_story_is_told_on_every_machine() -> None:
    assert scripts(PRESENT) == scripts(PRESENT)
    assert [script.luck.random() for script in scripts(PRESENT)[:3]] == [
        Random(f"bluebird:{number}").random() for number in (1, 2, 3)
    ]


def test_the_first_leads_are_there_and_nobody_was_told_but_the_groups_of_the_pools(demo: Database) -> None:
    assert one(demo, "select count(*) from lead") == SMALL
    assert ask(demo, "select topic, jsonb_array_length(card -> 'leads') from message") == [("pool.arrived", 3)] * 3
    other = "select count(*) from procrastinate_jobs where task_name not in ('refresh_deadlines', 'deliver')"
    assert one(demo, other) == 0


def test_all_of_it_was_done_by_the_services(demo: Database) -> None:
    verbs = {row[0] for row in ask(demo, "select distinct verb from activity")}
    assert {"created", "dispatched", "claimed", "logged", "recycled", "won", "lost"} <= verbs
    assert one(demo, "select count(*) from decision where kind = 'dispatch'") > 50
    assert one(demo, "select count(*) from run where kind = 'recycle'") > 10


def test_the_ledger_holds_what_the_leads_say(demo: Database) -> None:
    wrong = """
        select m.name from member m join rep_load r on r.org_id = m.org_id and r.member_id = m.id
        where r.holding <> (select count(*) from lead l
                            where l.org_id = m.org_id and l.owner_id = m.id and l.status = 'open')
           or r.day_claims <> (select count(*) from claim_entry c
                               where c.org_id = m.org_id and c.member_id = m.id and c.day = r.day)
           or r.day <> cast(cast(:now as timestamptz) at time zone 'Asia/Shanghai' as date)
    """
    assert ask(demo, wrong) == []


def test_owners_and_assignments_agree(demo: Database) -> None:
    wrong = """
        select l.id from lead l
        left join assignment a on a.org_id = l.org_id and a.lead_id = l.id and a.ended_at is null
        where (l.status = 'open' and l.owner_id is distinct from a.member_id)
           or (l.owner_id is null and l.pool_id is null) or a.began_at > :now
    """
    assert ask(demo, wrong) == []


def test_nothing_is_left_over_for_the_workers_of_the_first_minute(demo: Database) -> None:
    assert one(demo, "select count(*) from lead where recycle_at <= :now or warn_at <= :now") == 0
    assert one(demo, "select count(*) from task where state = 'open' and reminded_at is null and due_at <= :now") == 0
    assert one(demo, "select count(*) from lead where sla_at <= :now") == 0
    assert one(demo, "select count(*) from offer where state = 'open' and expires_at <= :now") == 0
    assert one(demo, "select count(*) from activity where at > :now") == 0


def test_newcomers_meet_an_offer_a_protected_lead_and_points(demo: Database) -> None:
    ann = "from {} join member m on m.name = 'Ann Li' and m.id = {} where {}"
    offered = ann.format("offer o", "o.member_id", "o.state = 'open'")
    shielded = ann.format("lead l", "l.owner_id", "l.protected_until > :now and l.status = 'open'")
    assert one(demo, f"select count(*) {offered}") == 1
    assert one(demo, f"select 'L-' || l.number {shielded}") in TUTORIAL.read_text(encoding="utf-8")
    assert one(demo, "select count(distinct state) from offer") >= 3
    assert one(demo, "select count(distinct score) from lead where status = 'open'") >= 5
    assert one(demo, "select count(*) from lead where sla_at > :now") >= 5


def test_the_first_hours_are_lively(demo: Database) -> None:
    reminders = (
        "select count(*) from task where state = 'open' and due_at < cast(:now as timestamptz) + interval '15 min'"
    )
    risks = "select count(*) from lead where recycle_at < cast(:now as timestamptz) + interval '6 hours'"
    fresh = "select count(*) from lead where owner_id is null and age(cast(:now as timestamptz), created_at) < '1 hour'"
    assert one(demo, reminders) >= 5
    assert one(demo, risks) >= 8
    assert one(demo, fresh) >= 10


def test_the_funnel_of_the_demo_narrows_step_by_step(demo: Database) -> None:
    with demo.begin(1) as uow:
        total = funnel.report(uow, period=running(90, PRESENT.astimezone(ZONE).date(), ZONE)).total.now
    counts = [total.entered, total.contacted, total.qualified, total.opportunity, total.won]
    assert counts == sorted(counts, reverse=True)
    assert total.entered == SMALL
    assert total.won > 0


def test_one_source_is_bad(demo: Database) -> None:
    with demo.begin(1) as uow:
        rows = funnel.report(uow, period=running(90, PRESENT.astimezone(ZONE).date(), ZONE), cut="source").rows
    assert min(rows, key=lambda row: row.now.reached("contacted") or 0).name == "抖音 Douyin ads"


def test_the_digest_of_a_team_has_something_to_say(demo: Database) -> None:
    with demo.begin(1) as uow:
        facts = digests.build(uow, None, PRESENT.astimezone(ZONE).date())
    assert facts.total.now.entered > 0
    assert sum(pool.inflow for pool in facts.pools) > 0
    assert facts.due > 0


def test_beginning_again_changes_nothing_and_filling_goes_on(copied: Database) -> None:
    quiet = Console(quiet=True)
    demo_data.begin(copied, secret_key="a secret key that tests know", out=quiet, first=SMALL)
    assert demo_data.progress(copied) == (SMALL, 3000)
    demo_data.fill(copied, out=quiet, upto=SMALL + 5)
    assert demo_data.progress(copied) == (SMALL + 5, 3000)


def test_lives_are_told_to_their_end_while_the_engine_only_watches(copied: Database) -> None:
    quiet = Console(quiet=True)
    with copied.begin(1) as uow:
        shadowing.begin(uow)
    demo_data.fill(copied, out=quiet, upto=SMALL + 8)
    with copied.begin(1) as uow:
        shadowing.go_live(uow)
    assert demo_data.progress(copied) == (SMALL + 8, 3000)


def test_what_fell_due_while_the_past_is_filled_in_is_past_as_well(copied: Database) -> None:
    copied.time = DrivenClock(PRESENT + timedelta(hours=20))
    demo_data.fill(copied, out=Console(quiet=True), upto=SMALL + 12)
    due = ask(copied, "select id from (select * from lead order by id desc limit 12) l"
                    " where recycle_at <= :now or warn_at <= :now or sla_at <= :now")  # fmt: skip
    assert due == []


def test_what_is_filled_in_while_one_works_changes_nobodys_desk(copied: Database) -> None:
    demo_data.fill(copied, out=Console(quiet=True), upto=SMALL + 12)
    newest = "select l.id, l.status, l.owner_id from lead l order by l.id desc limit 12"
    held = ask(copied, f"select id from ({newest}) l where l.status = 'open' and l.owner_id is not null")
    asked = ask(copied, f"select l.id from ({newest}) l join offer o on o.lead_id = l.id and o.state = 'open'")
    assert (held, asked) == ([], [])


def test_what_newcomers_are_told_to_try_works_as_typed(copied: Database, redis_url: str) -> None:
    settings = Settings(
        database_url=copied.url,
        redis_url=redis_url,
        secret_key=SecretStr("a secret key that tests know"),
        playground=True,
    )
    bot = compose(settings, time=copied.time)
    rows = re.findall(r"^\| `(.+?)` · `(.+?)`", README.read_text(encoding="utf-8"), re.MULTILINE)
    told = [(words, who) for row in rows[:3] for words, who in zip(row, ("ann", "li.na"), strict=True)]
    asked = [*told, *((words, "wang.fang") for words in rows[3])]
    titles = [
        bot.dispatcher.dispatch(Interaction("playground", "playground", who, f"try {at}", text=words)).card
        for at, (words, who) in enumerate(asked)
    ]
    bot.database.close()
    bot.redis.close()
    said = [card.title.split()[0].partition("：")[0] for card in titles if card]
    assert said == ["Yours:", "归你了", "Logged:", "已记跟进", "Is", "这样对吗？", "上海组", "上海组"]
    assert [words for words, _ in THINGS_TO_TRY if words.startswith(("claim", "log", "new"))] == [
        row[0] for row in rows[:3]
    ]
