"""Decisions of the engine in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.cards import explained, weekly
from bot.cards.words import Words
from crm.rules.access import Actor
from crm.services import first_response, lines
from crm.services.explain import PassedOver, Why

AT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
WORDS = Words("en", ZoneInfo("Asia/Shanghai"), AT)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("web leads", "today 10:00 · Put into the pool: nobody was available"),
        (None, "today 10:00 · Put into the pool: no rule deals such leads"),
    ],
)
def test_a_pooled_lead_says_whether_a_rule_was_tried(rule, said):
    made = Why(1, "dispatch", AT, "pooled", rule, 1, None, None, {}, ())
    (reason,) = explained.reasons(WORDS, viewer(), name_of, [made])
    assert reason.text == said


def viewer(*, manages=(), role="manager", member_id=9):
    return Actor(
        id=member_id, org_id=1, name="Mia", role=role, department_id=None, departments=(), manages=frozenset(manages),
        active=True, on_duty=True, timezone=ZoneInfo("UTC"), locale="en",
    )  # fmt: skip


def name_of(member_id):
    return f"member {member_id}"


PASSED = (PassedOver(1, "Ann", "off_duty", (5, 6)), PassedOver(2, "Cyd", "at_capacity", (5, 7)))
DEALT = Why(1, "dispatch", AT, "assigned", "web", 1, 3, "Bob", {}, PASSED, (5, 6))
REFUSED = Why(2, "refusal", AT, "capacity_reached", None, None, 1, "Ann", {"held": 3, "limit": 3}, (), (5, 6))


@pytest.mark.parametrize(
    ("who", "told"),
    [
        (viewer(role="rep"), []),
        (viewer(role="rep", member_id=1), ["Ann"]),
        (viewer(manages={6}), ["Ann"]),
        (viewer(manages={5}), ["Ann", "Cyd"]),
        (viewer(role="admin"), ["Ann", "Cyd"]),
    ],
)
def test_what_kept_a_colleague_is_told_to_that_one_the_managers_above_and_admins(who, told):
    (reason,) = explained.reasons(WORDS, who, name_of, [DEALT])
    assert [name for name in ("Ann", "Cyd") if name in reason.detail] == told


def test_a_refusal_is_told_with_its_figures_to_who_may_know_them():
    reasons = explained.reasons(WORDS, viewer(manages={6}), name_of, [DEALT, REFUSED])
    assert reasons[0].text == (
        "today 10:00 · Refused to Ann: “You hold 3 of 3 leads. Release one, or close one that is decided.”"
    )
    assert len(explained.reasons(WORDS, viewer(manages={7}), name_of, [DEALT, REFUSED])) == 1


def test_every_kind_of_decision_has_a_name_in_the_export():
    kinds = {"dispatch", "recycle", "offer", "override", "refusal", "nurture", lines.KIND, first_response.KIND}
    assert kinds - set(weekly.KINDS) == set()
