"""Who was considered is stored by word, and what was stored as a list before reads the same."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from crm.rules import periods
from crm.services import considered, decision_export, dispatch, explain, fairness
from tests import build

RULES = "dispatch: [{name: web, to: {departments: [north, south]}}]"
OFF = "update member set on_duty = false where org_id = :o and name in ('Ann Li', 'Dan 赵')"
OLD = "update decision set candidates = cast(:old as jsonb) where org_id = :o"


@pytest.fixture
def acme(database, time):
    return build.company(database, rules=RULES)


def read(uow, lead_id):
    """All that is read of decisions."""
    fair = fairness.of_rules(uow, start=uow.now - timedelta(days=1), until=uow.now + timedelta(days=1))
    period = periods.parse("month", uow.now, ZoneInfo("Asia/Shanghai"))
    return explain.why(uow, lead_id), fair, list(decision_export.rows(uow, period=period))


def test_a_handful_of_words_stands_for_any_number_of_members():
    given = {1: None, 2: "off_duty", 3: None, 4: "off_duty"}
    assert considered.stored(given) == {"": [1, 3], "off_duty": [2, 4]}
    assert considered.read(considered.stored(given)) == given


def test_decisions_from_before_read_as_those_from_now(database, acme):
    with database.begin(acme.org_id) as uow:
        uow.session.execute(text(OFF), {"o": acme.org_id})
        lead_id = build.lead(uow, acme)
        dispatch.dispatch(uow, lead_id)
        now = read(uow, lead_id)
        passed = now[0][0].passed_over
        kept = [{"member": one.member_id, "why": one.why} for one in passed]
        assert [one["why"] for one in kept] == ["off_duty", None, "off_duty"]
        uow.session.execute(text(OLD), {"o": acme.org_id, "old": json.dumps(kept)})
        assert read(uow, lead_id) == now
