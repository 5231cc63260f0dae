"""Contact keys in one spelling, however they were typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.keys import normalise_email, normalise_phone


@pytest.mark.parametrize(
    "raw",
    [
        "13800138000",
        "138 0013 8000",
        "１３８００１３８０００",
        "+86 138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "手机：13800138000",
        "13800138000（微信同号）",
        "138.0013.8000",
        "+8613800138000x12",
        " 138\u200b0013\u200b8000 ",
    ],
)
def test_one_mobile_has_one_spelling(raw):
    assert normalise_phone(raw) == "+8613800138000"


@pytest.mark.parametrize(
    "raw", ["010-65529988", "(010) 6552 9988", "010-65529988 转 801", "010-65529988-801", "010-65529988 ext. 801"]
)
def test_an_extension_is_no_part_of_the_key(raw):
    assert normalise_phone(raw) == "+861065529988"


@pytest.mark.parametrize("raw", ["1380013800", "12345", "", "abc", "٠١٢", "1" * 500, "+", "not a phone 1"])
def test_what_is_no_phone_is_none(raw):
    assert normalise_phone(raw) is None


def test_a_national_number_is_read_in_its_region():
    assert normalise_phone("(415) 555-2671", "US") == "+14155552671"
    assert normalise_phone("020 7946 0958", "GB") == "+442079460958"


@pytest.mark.parametrize(
    "raw", ["Ann@Acme.COM", "<ann@acme.com>", "mailto:ann@acme.com", "ａｎｎ＠ａｃｍｅ．ｃｏｍ", " ann@acme.com. "]
)
def test_one_mailbox_has_one_spelling(raw):
    assert normalise_email(raw) == "ann@acme.com"


@pytest.mark.parametrize(
    "raw", ["ann@acme", "a..b@c.com", ".a@b.com", "ann li@acme.com", "a@b.c", "", "@", "ann@@acme.com"]
)
def test_what_is_no_address_is_none(raw):
    assert normalise_email(raw) is None


@given(st.text(max_size=80))
def test_a_normalised_key_stays_as_it_is(raw):
    phone, email = normalise_phone(raw), normalise_email(raw)
    assert phone is None or normalise_phone(phone) == phone
    assert email is None or normalise_email(email) == email
