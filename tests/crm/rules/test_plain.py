"""What is written plainly takes a shorter way, and comes out as by the long one."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.rules import clean, keys
from tests.rounds import rounds

DIGITS = "0123456789"
GAPS = st.sampled_from(["", " ", "-"])
PREFIXES = st.sampled_from(["", "+86", "+86 ", "+86-", "86", "+1", "+1 ", "+1-", "1", "0", "+"])
STARTS = st.one_of(st.text(DIGITS, min_size=3, max_size=3), st.sampled_from(["138", "174", "161", "415", "212", "983"]))
MIDDLES = st.text(DIGITS, min_size=3, max_size=4)
ENDS = st.text(DIGITS, min_size=4, max_size=4)
PHONES = st.builds(
    lambda prefix, start, gap, middle, end: f"{prefix}{start}{gap}{middle}{gap}{end}",
    PREFIXES, STARTS, GAPS, MIDDLES, ENDS,
)  # fmt: skip


@settings(max_examples=rounds(short=400, full=20_000))
@given(PHONES, st.sampled_from(["CN", "US", "DE", "HK"]))
def test_a_plain_mobile_number_is_read_as_the_library_reads_it(raw, region):
    assert keys.normalise_phone(raw, region) == keys.read_phone(raw, region)


@pytest.mark.parametrize("raw", ["13800138000", "138 0013 8000", "+86-138-0013-8000", "+1 415 555 0132"])
def test_the_short_way_is_taken(raw, monkeypatch):
    monkeypatch.setattr(keys, "read_phone", None)
    assert keys.normalise_phone(raw).startswith("+")


def long_line(value, most):
    return re.sub(r"\s+", " ", clean.UNFIT.sub("", value[: most * 8])).strip()[:most]


def long_text(value, most):
    plain = clean.UNFIT.sub("", value[: most * 8].replace("\r", "\n"))
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", plain)).strip()[:most]


@settings(max_examples=rounds(short=200, full=5000))
@given(st.text(max_size=60), st.integers(1, 30))
def test_words_are_cleaned_alike_by_either_way(value, most):
    assert clean.line(value, most) == long_line(value, most)
    assert clean.text(value, most) == long_text(value, most)


@pytest.mark.parametrize("odd", ["\ufffc", "\ufffd", "\u200b", "\u00a0", "\ue000", "\u3000", "\t", "\x85"])
def test_one_odd_character_takes_the_long_way(odd):
    value = f"a {odd} b"
    assert clean.line(value) == long_line(value, clean.LINE)
    assert clean.text(value) == long_text(value, clean.TEXT)
