"""The same claim by hand: psycopg, five statements, one transaction; and so many of them at once in threads.

It leaves the same rows behind: delivery, ledger, lead, history, and the jobs that edit the card in the channel and,
where the answer is a message of its own, send it.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from bench.seed import Seeded
from crm.db import APP_ROLE

_FIRST = """
    insert into delivery (key, org_id, at, answer) values (%(key)s, %(org)s, %(now)s, '{"card": "claimed"}')
    on conflict (key) do nothing returning key
"""
_COUNT = """
    insert into rep_load as r (org_id, member_id, holding, day, day_claims, week, week_claims, dealt_day)
    values (%(org)s, %(rep)s, 1, %(day)s, 1, %(day)s, 1, 0)
    on conflict (org_id, member_id) do update set holding = r.holding + 1, day_claims = r.day_claims + 1
    where r.holding < 1000000 returning holding
"""
_TAKE = """
    update lead set owner_id = %(rep)s, assigned_at = %(now)s, recycle_at = %(now)s, version = version + 1
    where org_id = %(org)s and number = %(number)s and owner_id is null and status = 'open'
    returning id, person_id, version
"""
_HISTORY = """
    with a as (
        insert into assignment (org_id, lead_id, member_id, began_at, began_by)
        values (%(org)s, %(lead)s, %(rep)s, %(now)s, 'claim')
    ), c as (
        insert into claim_entry (org_id, member_id, lead_id, pool_id, day, at)
        values (%(org)s, %(rep)s, %(lead)s, %(pool)s, %(day)s, %(now)s)
    )
    insert into activity (org_id, lead_id, actor_id, for_id, verb, at, data)
    values (%(org)s, %(lead)s, %(rep)s, %(rep)s, 'claimed', %(now)s, '{}')
"""
_OWE = """
    with touched as (
        update posted_card set wanted = wanted + 1 where org_id = %(org)s and live and lead_id = %(lead)s returning id
    ), owed as (
        insert into message (org_id, topic, key, member_id, card, state, attempt, created_at, due_at)
        select %(org)s, 'answer', %(key)s, %(rep)s, '{"card": "claimed"}', 'owed', 0, %(now)s, %(now)s where %(answers)s
        returning id
    )
    insert into procrastinate_jobs (queue_name, task_name, priority, lock, args, status)
    select 'quick', 'edit_card', 0, 'card:' || id, jsonb_build_object('org_id', %(org)s, 'card_id', id),
           'todo'::procrastinate_job_status from touched
    union all
    select 'quick', 'deliver', 0, null, jsonb_build_object('org_id', %(org)s, 'message_id', id), 'todo' from owed
"""


def claim_all(url: str, seeded: Seeded, numbers: list[int], connections: int, *, answers: bool) -> float:
    """Claim these leads; returns the seconds it took. `answers`: a message is owed as well."""
    options = f"-c role={APP_ROLE} -c timezone=UTC -c sluice.org_id={seeded.org_id}"
    address = make_conninfo(url.replace("postgresql+psycopg://", "postgresql://"), options=options)
    lines = [psycopg.connect(address) for _ in range(connections)]
    shares = [list(enumerate(numbers))[start::connections] for start in range(connections)]
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        for done in [pool.submit(_claims, *pair, seeded, answers) for pair in zip(lines, shares, strict=True)]:
            done.result()
    taken = time.perf_counter() - start
    for line in lines:
        line.close()
    return taken


def _claims(line: psycopg.Connection[Any], share: list[tuple[int, int]], seeded: Seeded, answers: bool) -> None:  # noqa: FBT001
    for at, number in share:
        rep = seeded.reps[at % len(seeded.reps)]
        _claim(line, number, {"org": seeded.org_id, "rep": rep, "pool": seeded.pool_id, "answers": answers})


def _claim(line: psycopg.Connection[Any], number: int, who: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    args: dict[str, Any] = {**who, "key": f"raw:{number}", "now": now, "day": now.date(), "number": number}
    with line.transaction(), line.cursor() as cursor:
        for statement in (_FIRST, _COUNT, _TAKE):
            row = cursor.execute(statement, args).fetchone()
            assert row is not None, "every claim of this bench succeeds"
        args["lead"] = row[0]
        cursor.execute(_HISTORY, args)
        cursor.execute(_OWE, args)
