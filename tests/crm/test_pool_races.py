"""Many hands at once: no cap of a pool, a kind, a team, a shield or a look is ever passed, and none is left unused."""

from functools import partial
from threading import BoundedSemaphore

import pytest

from crm import errors
from crm.services import assignments, leads, members, pipeline, reveals, shields
from tests import build
from tests.desk import Desk
from tests.promises.crowd import at_once
from tests.rounds import rounds

CAPS = [0, 1, 7, 45][: rounds(short=3, full=4)]
THREADS = rounds(short=12, full=64)
# More would wait for a connection longer than the pool lets anybody wait.
CONNECTIONS = BoundedSemaphore(20)
# What is capped, as rules, and what those who have had theirs are told.
CLAIMS = {
    "day": ("claim: {{per_day: {cap}, capacity: {{default: null}}}}", "quota_reached"),
    "capacity": ("claim: {{per_day: null, capacity: {{default: {cap}}}}}", "capacity_reached"),
    "pool's day": (
        "claim: {{per_day: null, capacity: {{default: null}}}}\npools: {{open: {{per_day: {cap}}}}}",
        "pool_quota_reached",
    ),
    "level": (
        "claim: {{per_day: null, capacity: {{default: null, levels: {{A: {cap}}}}}}}", "level_full",
    ),
    "source": (
        "claim: {{per_day: null, capacity: {{default: null, sources: {{web: {cap}}}}}}}", "source_full",
    ),
}  # fmt: skip
TURN = """
claim: {{per_day: null, capacity: {{default: null}}}}
pools: {{open: {{turn: {{claims: {cap}, per: 1h}}}}}}
"""
TEAM = """
claim: {{per_day: null, capacity: {{default: null}}}}
pools: {{open: {{admission: {{department_below: {{north: {cap}}}}}}}}}
"""


def storm(desk, *works):
    """Each of many threads does one of these things again and again until it is refused; the refusals' codes."""

    def until_refused(work):
        while True:
            try:
                with CONNECTIONS:
                    work()
            except errors.Refusal as refusal:
                return refusal.code

    return set(at_once([partial(until_refused, works[number % len(works)]) for number in range(THREADS)]))


def claims_next(desk, who):
    return lambda: desk.does(who, lambda uow, actor: assignments.claim_best(uow, actor=actor))


def claims_one(desk, who, refs):
    """Claim the numbers in turn; one that somebody else took is no end."""

    def claim():
        ref = refs.pop()
        try:
            desk.does(who, lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))
        except (errors.LeadAlreadyClaimed, errors.LeadAlreadyYours):
            return

    return claim


def holding(desk, *people):
    """What each holds by the ledger, by ownership and by the open assignments, all of which are one number."""
    found = []
    for who in people:
        me = {"me": desk.acme.member[who]}
        ledger = desk.count("select holding from rep_load where org_id = :org and member_id = :me", **me)
        owned = desk.count("select count(*) from lead where org_id = :org and owner_id = :me and counts", **me)
        assigned = desk.count(
            "select count(*) from assignment where org_id = :org and member_id = :me and ended_at is null", **me
        )
        assert ledger == owned == assigned
        found.append(ledger)
    return found


def lay(desk, many, **facts):
    """So many leads in the open pool; their references."""
    with desk.database.begin(desk.acme.org_id) as uow:
        made = [build.lead(uow, desk.acme, **facts) for _ in range(many)]
        return [f"L-{build.read(uow, lead).number}" for lead in made]


@pytest.mark.parametrize("cap", CAPS)
@pytest.mark.parametrize("kind", CLAIMS)
def test_each_of_two_gets_exactly_what_the_cap_allows(database, time, kind, cap):
    rules, code = CLAIMS[kind]
    desk = Desk(database, time, rules.format(cap=cap))
    refs = lay(desk, max(2 * cap + THREADS, rounds(short=0, full=1000)), level="A")
    by_number = refs * 3
    works = [claims_next(desk, "ann"), claims_next(desk, "bob"), claims_one(desk, "ann", by_number)]
    assert storm(desk, *works) == {code}
    assert holding(desk, "ann", "bob") == [cap, cap]


@pytest.mark.parametrize("cap", [cap for cap in CAPS if cap])
def test_a_turn_is_exactly_so_many_claims(database, time, cap):
    desk = Desk(database, time, TURN.format(cap=cap))
    lay(desk, 4 * cap + THREADS)
    assert storm(desk, claims_next(desk, "ann"), claims_next(desk, "bob")) == {"not_your_turn"}
    time.advance(hours=1)
    storm(desk, claims_next(desk, "ann"))
    assert holding(desk, "ann", "bob") == [2 * cap, cap]


@pytest.mark.parametrize("cap", CAPS)
def test_a_team_stops_at_its_quota_together(database, time, cap):
    desk = Desk(database, time, TEAM.format(cap=cap))
    refs = lay(desk, cap + THREADS)
    works = [claims_next(desk, "ann"), claims_next(desk, "bob"), claims_one(desk, "mia", refs * 3)]
    assert storm(desk, *works) == {"team_holds_enough"}
    assert sum(holding(desk, "ann", "bob", "mia")) == cap


@pytest.mark.parametrize("cap", CAPS)
def test_so_many_contacts_are_looked_at_and_no_more(database, time, cap):
    desk = Desk(database, time, f"claim: {{reveals_per_day: {cap}}}")
    refs = lay(desk, cap + THREADS)

    def look():
        ref = refs.pop()
        desk.does("ann", lambda uow, actor: reveals.reveal(uow, actor=actor, ref=ref))

    assert storm(desk, look) == {"reveals_used" if cap else "reveals_off"}
    assert desk.count("select count(*) from activity where org_id = :org and verb = 'revealed'") == cap
    assert desk.does("ann", reveals.used) == cap


@pytest.mark.parametrize("cap", CAPS)
def test_so_many_leads_are_protected_and_no_more(database, time, cap):
    desk = Desk(database, time, f"protect: {{most: {cap}}}")
    refs = lay(desk, cap + THREADS, owner="ann")

    def protect():
        ref = refs.pop()
        desk.does("ann", lambda uow, actor: shields.protect(uow, actor=actor, lead=lead(uow, actor, ref)))

    assert storm(desk, protect) == {"protections_used" if cap else "protection_off"}
    assert desk.count("select count(*) from lead where org_id = :org and protected_until is not null") == cap


def test_claims_assignments_and_stages_at_once_leave_the_ledger_right(database, time):
    desk = Desk(
        database, time, "claim: {per_day: null, capacity: {default: 7, levels: {A: 3}, exclude_stages: [quote]}}"
    )
    given, refs = lay(desk, 40, level="A"), lay(desk, 40)

    def give():
        ref = given.pop() if len(given) > len(refs) else refs.pop()

        def work(uow, actor):
            to = members.get(uow, desk.acme.member["ann"])
            assignments.assign(uow, actor=actor, lead=lead(uow, actor, ref), to=to)

        desk.does("mia", work)

    def work_on():
        """Put what one holds into the excluded stage, then claim again."""

        def work(uow, actor):
            mine = leads.mine(uow, actor=actor, most=1)
            quote = pipeline.find_stage(uow, mine[0].id, "quote") if mine else None
            moved = [pipeline.move(uow, actor=actor, lead=one, stage=quote) for one in mine if one.stage != "quote"]
            return len(moved)

        desk.does("ann", work)
        claims_next(desk, "ann")()

    storm(desk, give, work_on, claims_next(desk, "ann"))
    assert holding_counted(desk, "ann") <= 7
    assert desk.count(
        "select count(*) from lead where org_id = :org and owner_id = :me and level = 'A' and counts",
        me=desk.acme.member["ann"],
    ) <= 3  # fmt: skip


def holding_counted(desk, who):
    """What the ledger says, which is how many of the owned leads count."""
    me = {"me": desk.acme.member[who]}
    ledger = desk.count("select holding from rep_load where org_id = :org and member_id = :me", **me)
    counted = "select count(*) from lead where org_id = :org and owner_id = :me and counts and status = 'open'"
    assert ledger == desk.count(counted, **me)
    return ledger


def lead(uow, actor, ref):
    return leads.access(uow, actor=actor, ref=ref)
