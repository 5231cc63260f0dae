"""A merge at the same moment as whatever else people and engine do with the two leads: one of both comes first, always.

Afterwards there is one open lead of the person at most, an owner holds what the ledger says, and nothing has hung.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from crm.errors import Refusal
from crm.rules.arrival import Arrival, check
from crm.services import (
    assignments,
    dispatch,
    intake,
    intake_many,
    leads,
    members,
    merging,
    pipeline,
    recycling,
    sources,
    unmerging,
)
from tests import build
from tests.rounds import rounds

PHONES = ("+8613800138001", "+8613800138002")
ROUNDS = rounds(short=2, full=40)
STANDING = text(
    """
    select count(*) filter (where l.status = 'open') as open, count(distinct l.person_id) as persons,
           bool_and(l.status <> 'open' or p.merged_into is null) as theirs,
           (select bool_and(r.holding = (select count(*) from lead h where h.org_id = r.org_id and h.counts
                                           and h.owner_id = r.member_id and h.status = 'open'))
              from rep_load r where r.org_id = :o) as counted,
           (select bool_and(k.person_id in (select id from person where org_id = :o and merged_into is null))
              from person_key k where k.org_id = :o) as reachable
    from lead l join person p on p.org_id = l.org_id and p.id = l.person_id where l.org_id = :o
    """
)


class Race:
    """A company with two leads of one customer, and what may be done with them."""

    def __init__(self, database, rules="recycle: [{name: calls, no_follow_up: 1d}]"):
        self.database, self.acme = database, build.company(database, rules=rules)
        with database.begin(self.acme.org_id) as uow:
            late = {"assigned_at": uow.now - timedelta(days=9), "recycle_at": uow.now - timedelta(days=1)}
            self.one = build.lead(uow, self.acme, phone=PHONES[0], owner="ann", recycle_rule="calls", **late)
            self.two = build.lead(uow, self.acme, phone=PHONES[1])

    def as_member(self, name, what):
        with self.database.begin(self.acme.org_id) as uow:
            return what(uow, members.get(uow, self.acme.member[name]))

    def view(self, uow, me, lead):
        return leads.access_id(uow, actor=me, lead_id=lead)

    def merge(self):
        def merge(uow, mia):
            merging.merge(uow, actor=mia, one=self.view(uow, mia, self.one), other=self.view(uow, mia, self.two))

        self.as_member("mia", merge)

    def merge_turned(self):
        def merge(uow, mia):
            merging.merge(uow, actor=mia, one=self.view(uow, mia, self.two), other=self.view(uow, mia, self.one))

        self.as_member("mia", merge)

    def claim(self):
        self.as_member(
            "bob", lambda uow, me: assignments.claim(uow, actor=me, ref=f"L-{leads.number_of(uow, self.two)}")
        )

    def release(self):
        self.as_member(
            "ann", lambda uow, me: assignments.release(uow, actor=me, lead=self.view(uow, me, self.one), reason="far")
        )

    def won(self):
        self.as_member("ann", lambda uow, me: pipeline.won(uow, actor=me, lead=self.view(uow, me, self.one)))

    def recycle(self):
        recycling.sweep(self.database, self.acme.org_id)

    def dispatch(self):
        with self.database.begin(self.acme.org_id) as uow:
            dispatch.dispatch(uow, self.two)

    def comes_again(self):
        with self.database.begin(self.acme.org_id) as uow:
            source = sources.get(uow, self.acme.source_id)
            intake.take_in(uow, source=source, arrival=Arrival(name="x", phone="/".join(PHONES)))

    def is_imported(self):
        with self.database.begin(self.acme.org_id) as uow:
            rows = [check(Arrival(name="x", phone=phone)) for phone in PHONES]
            intake_many.take_in_many(uow, rows, source=sources.get(uow, self.acme.source_id))

    def unmerge(self):
        self.as_member(
            "mia", lambda uow, me: unmerging.unmerge(uow, actor=me, ref=f"L-{leads.number_of(uow, self.two)}")
        )

    def stand(self):
        with self.database.begin(self.acme.org_id) as uow:
            return uow.session.execute(STANDING, {"o": uow.org_id}).one()


def at_once(*deeds):
    """Each in a thread of its own, from one moment on; refusals are as good as deeds."""
    start = Barrier(len(deeds))

    def run(deed):
        start.wait()
        try:
            deed()
        except Refusal as refusal:
            return refusal.code
        return "done"

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(timeout=20) for future in [pool.submit(run, deed) for deed in deeds]]


@pytest.mark.timeout(rounds(short=120, full=0))
@pytest.mark.parametrize(
    "deed", ["merge_turned", "claim", "release", "won", "recycle", "dispatch", "comes_again", "is_imported"]
)
def test_a_merge_and_what_happens_at_the_same_moment_come_one_after_the_other(database, time, deed):
    for _ in range(ROUNDS):
        race = Race(database)
        outcomes = at_once(race.merge, getattr(race, deed))
        stands = race.stand()
        assert "done" in outcomes
        assert (stands.theirs, stands.counted, stands.reachable) == (True, True, True)
        assert stands.open <= stands.persons


def test_whoever_comes_in_while_two_are_parted_finds_one_of_them(database, time):
    for _ in range(ROUNDS):
        race = Race(database)
        race.merge()
        at_once(race.unmerge, race.comes_again, race.claim)
        stands = race.stand()
        assert (stands.theirs, stands.counted, stands.reachable, stands.persons) == (True, True, True, 2)
