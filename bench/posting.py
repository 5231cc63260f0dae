"""A lead from the wire to its reference: posted with a source's key, eight at once, into one web process.

Each is a customer of its own, so every post is recognised by no key, opens a lead with its history, is dispatched, and
is ordered to be compared with all who are known. The reference is FastAPI with one insert. They take turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count, islice

from bench.doors import serving, settings
from bench.driver import Driven, drive
from bench.frame import Env, Figure, percentile
from bench.seed import VAULT_KEY
from bench.signed import post
from crm.services import sources
from crm.vault import Vault

LEADS, CONNECTIONS, ROUNDS, EACH, WARM_UP = 30_000, 8, 5, 800, 400
FLOOR = 500  # leads per second


def run(env: Env) -> list[Figure]:
    """Leads per second through the door, against bare FastAPI and one insert."""
    database, seeded = env.company(LEADS, "posting")
    with database.begin(seeded.org_id) as uow:
        made = sources.create(uow, Vault(VAULT_KEY), actor=None, key=f"posting{seeded.org_id}")
        word, key = made.source.key, made.key
    numbers, bare_rates, our_rates, each = count(1), list[float](), list[float](), list[float]()
    plain = database.url.replace("postgresql+psycopg://", "postgresql://")
    with (
        serving("bench.bare_post", BENCH_DATABASE=plain) as bare,
        serving("ops", "serve", **settings(env, database)) as ours,
    ):
        for port in (bare, ours):
            _drive(port, word, key, islice(numbers, WARM_UP))
        for _ in range(ROUNDS):
            bare_rates.append(EACH / _drive(bare, word, key, islice(numbers, EACH)).seconds)
            driven = _drive(ours, word, key, islice(numbers, EACH))
            our_rates.append(EACH / driven.seconds)
            each += driven.each
    rate, reference = sum(our_rates) / ROUNDS, sum(bare_rates) / ROUNDS
    return [
        Figure(f"lead posted, {CONNECTIONS} at once", rate, "/s", reference, rate / reference, 0.5, "at_least"),
        Figure(f"lead posted, {CONNECTIONS} at once, in all", rate, "/s", target=FLOOR, bound="at_least"),
        Figure(f"lead posted, {CONNECTIONS} at once (p99)", percentile(each, 99), "ms"),
    ]


def _drive(port: int, word: str, key: str, numbers: Iterable[int]) -> Driven:
    driven = drive(port, [_request(word, key, number) for number in numbers], CONNECTIONS)
    if driven.failed:
        raise AssertionError(driven.failed[0])
    return driven


def _request(word: str, key: str, number: int) -> bytes:
    values = {
        "name": f"Customer {number}", "phone": f"+86139{number:08d}", "company": f"Works {number % 3000}",
        "note": "wants a quote", "utm_source": "site",
    }  # fmt: skip
    headers = {
        "Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": f"post-{number}",
    }  # fmt: skip
    return post(f"/intake/{word}", json.dumps(values), headers)
