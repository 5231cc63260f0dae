"""Why a lead has its points, in words that people use."""

from datetime import UTC, datetime

import pytest

from bot.cards import scored
from bot.cards.words import Words

WORDS = Words("en", "UTC", datetime(2026, 3, 4, tzinfo=UTC))


@pytest.mark.parametrize(("called", "told"), [("Referral by friends", "Referral by friends"), (None, "referral")])
def test_a_source_goes_by_its_name(called, told):
    assert scored.line(WORDS, 30, [("source:referral", 30)], called) == f"Score 30: source {told} +30"
