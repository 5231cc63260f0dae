"""Decisions of the engine in words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.cards import explained
from bot.cards.words import Words
from crm.services.explain import Why

AT = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("web leads", "today 10:00 · Put into the pool: nobody was available"),
        (None, "today 10:00 · Put into the pool: no rule deals such leads"),
    ],
)
def test_a_pooled_lead_says_whether_a_rule_was_tried(rule, said):
    made = Why(1, "dispatch", AT, "pooled", rule, 1, None, None, {}, ())
    (reason,) = explained.reasons(Words("en", ZoneInfo("Asia/Shanghai"), AT), [made], full=True)
    assert reason.text == said
