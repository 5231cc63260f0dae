"""By what figures are cut, in both languages, and what else was said."""

import pytest

from bot.understanding import cuts


@pytest.mark.parametrize(
    ("said", "cut", "rest"),
    [
        ("by source", "source", ""),
        ("East by campaign last month", "campaign", "East last month"),
        ("按来源 本月", "source", "本月"),
        ("华东 上周 按渠道", "channel", "华东 上周"),
        ("各团队", "team", ""),
        ("by rep", "rep", ""),
        ("last week", "", "last week"),
    ],
)
def test_a_cut_is_read_wherever_it_stands(said, cut, rest):
    found, other = cuts.read(said)
    assert (found, other.split()) == (cut, rest.split())
