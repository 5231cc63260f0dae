"""The rules and the verbs of the tests about pools."""

from datetime import timedelta

import pytest

from crm import errors
from crm.services import assignments, pipeline
from tests import build
from tests.desk import Desk

RULES = """
claim:
  per_day: 9
  cool_down: 2d
  reveals_per_day: 2
  capacity:
    default: 20
    levels: {A: 2}
    sources: {web: 6}
    exclude_stages: [quote]
pools:
  open: {per_day: 3, per_week: 4, target: north}
  north: {turn: {claims: 2, per: 1h}}
protect: {most: 2, longest: 14d}
"""
EARLY = build.NOW - timedelta(days=9)


def with_rules(database, time, rules):
    return Desk(database, time, rules)


def claim(desk, who, lead):
    ref = desk.ref(lead)
    return desk.does(who, lambda uow, actor: assignments.claim(uow, actor=actor, ref=ref))


def best(desk, who, many=1, pool=None):
    pool_id = desk.acme.pool[pool] if pool else None
    return desk.does(who, lambda uow, actor: assignments.claim_best(uow, actor=actor, many=many, pool_id=pool_id))


def release(desk, who, lead, **to):
    return desk.does(
        who, lambda uow, actor, lead: assignments.release(uow, actor=actor, lead=lead, reason="x", **to), lead
    )


def assign(desk, who, lead, to):
    colleague = desk.person(to)
    desk.does(who, lambda uow, actor, lead: assignments.assign(uow, actor=actor, lead=lead, to=colleague), lead)


def stage(desk, who, lead, key):
    def work(uow, actor, lead):
        pipeline.move(uow, actor=actor, lead=lead, stage=pipeline.find_stage(uow, lead.id, key))

    desk.does(who, work, lead)


def refused(work, *args, **kwargs):
    with pytest.raises(errors.Refusal) as refusal:
        work(*args, **kwargs)
    return refusal.value.code, refusal.value.data


def plain(desk, **facts):
    """A lead of no capped kind."""
    return desk.make(source_id=None, **facts)


# A pool's own quota and turns
