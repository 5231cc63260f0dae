"""A tick visits those organizations that have something due, and no others."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm import jobs
from tests import build

LEAD = "update lead set {column} = :now where org_id = :o"
DUE = {
    "a reminder": "insert into task (org_id, member_id, due_at, state, created_at, version)"
    " select org_id, id, :now, 'open', :now, 1 from member where org_id = :o limit 1",
    "a task that nobody of its team took": "insert into task (org_id, department_id, due_at, reminded_at, escalate_at,"
    " state, created_at, version) select org_id, id, :now, :now, :now, 'open', :now, 1 from department"
    " where org_id = :o limit 1",
    "a question without an answer": "insert into question (org_id, number, lead_id, asker_id, colleague_id, digest,"
    " state, asked_at, due_at, version) select l.org_id, 1, l.id, m.id, m.id, '', 'open', :now, :now, 1"
    " from lead l join member m using (org_id) where l.org_id = :o limit 1",
    "a recycle": LEAD.format(column="recycle_at"),
    "a warning": LEAD.format(column="warn_at"),
    "a first response": LEAD.format(column="sla_at"),
    "a score that lapses": LEAD.format(column="score_at"),
    "the end of a wait": LEAD.format(column="held_until"),
    "a lead that nobody was there for": "update lead set held_since = :now, held_by = 'nobody' where org_id = :o",
    "a lead whose rule stands still": "update lead set held_since = :now, held_by = 'paused' where org_id = :o",
    "an offer": "insert into offer (org_id, lead_id, member_id, state, offered_at, expires_at)"
    " select l.org_id, l.id, m.id, 'open', :now, :now from lead l join member m using (org_id)"
    " where org_id = :o limit 1",
    "the end of a pause": "insert into rule_pause (org_id, kind, rule, reason, at, until)"
    " values (:o, 'dispatch', 'all', 'holiday', :now, :now)",
    "a digest": "update digest_subscription set next_at = :now where org_id = :o",
    "a digest far ahead": "update digest_subscription set next_at = :now + interval '9 days' where org_id = :o",
    "a digest of the week far ahead": "update digest_subscription set every = 'fri',"
    " next_at = :now + interval '11 days' where org_id = :o",
    "a notice that was held": "insert into message (org_id, topic, key, card, state, attempt, created_at, due_at)"
    " values (:o, 'digest', 'held', '{}', 'held', 0, :now, :now)",
    "a pair that nobody decided": "insert into duplicate (org_id, left_id, score, reasons, state, at, due_at)"
    " select org_id, id, 80, '[]', 'asked', :now, :now from person where org_id = :o limit 1",
    "the nightly word of a shadow time": "insert into shadow_time (org_id, why, began_at, report_at)"
    " values (:o, 'switch-over', :now, :now)",
    "a source that has fallen silent": "update source set silent_at = :now where org_id = :o",
    "a hand-over that nobody has done": "insert into hand_over (org_id, member_id, kind, state, opened_at, due_at,"
    " counters) select org_id, min(id), 'left', 'open', :now, :now, '{}' from member where org_id = :o group by org_id",
    "a call to another system": "with made as (insert into hook (org_id, number, url, topics, with_contact, secret,"
    " state, created_at, xact, kind, entry, failures) values (:o, 1, 'https://x', '{*}', false, '', 'on', :now, 0, 0,"
    " 0, 0) returning id) insert into hook_call (org_id, hook_id, event, topic, payload, state, attempt, created_at,"
    " due_at) select :o, id, 'evt_t1', 'test', '{}', 'owed', 0, :now, :now from made",
    "a health card": "update organization set health_at = :now where id = :o",
}


@pytest.fixture
def acme(database, time):
    """A company in which all is done: a lead in the pool, a digest and a health card that are to come."""
    acme = build.company(database)
    with database.begin(acme.org_id) as uow:
        build.lead(uow, acme)
        group = build.group(uow, acme, "playground", team="north")
        later = {"o": uow.org_id, "c": group, "later": uow.now + timedelta(days=1)}
        uow.session.execute(text("update organization set health_at = :later where id = :o"), later)
        uow.session.execute(
            text(
                "insert into digest_subscription (org_id, conversation_id, at, next_at)"
                " values (:o, :c, '09:00', :later)"
            ),
            later,
        )
    return acme


def visited(database, acme, monkeypatch):
    seen = []
    monkeypatch.setattr(jobs, "DUTIES", (lambda _database, org_id: seen.append(org_id),))
    jobs.tick(database)
    return acme.org_id in seen


def test_who_has_nothing_due_is_not_visited(database, acme, monkeypatch):
    assert not visited(database, acme, monkeypatch)


@pytest.mark.parametrize("what", DUE)
def test_whatever_is_due_is_found(database, acme, monkeypatch, what):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(DUE[what]), {"o": uow.org_id, "now": uow.now})
    assert visited(database, acme, monkeypatch)
