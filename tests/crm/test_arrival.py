"""What people and forms type, checked: names of fields, keys in one spelling, text fit to keep."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules import clean
from crm.rules.arrival import Arrival, FieldErrors, check, of_fields
from crm.rules.fields import field_of, mapping_of
from crm.rules.rows import of_row


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Name", "name"), ("姓名", "name"), ("*手机号：", "phone"), ("Phone Number", "phone"),
        ("phone_number", "phone"), ("phoneNumber", "phone"), ("E-Mail", "email"),
        ("utm_source", "channel"), ("公司名称", "company"), ("  微信号 ", "wechat"), ("LeadID", "id"),
        ("lead_id", "id"), ("colour", None), ("", None),
        ("ＮＡＭＥ", "name"), ("负责人", "owner"),
    ],
)  # fmt: skip
def test_a_field_is_known_by_its_usual_names(header, field):
    assert field_of(header) == field


def test_columns_without_a_known_name_are_left_out_of_the_mapping():
    assert mapping_of(["Colour", "Phone", "手机"]) == {1: "phone", 2: "phone"}


def test_two_columns_of_one_field_are_both_kept():
    header = ["name", "mobile", "tel", "size"]
    arrival = of_row(["Lu", "13800138000", "010-65529988", "L"], mapping_of(header), header)
    assert check(arrival).keys == (("phone", "+8613800138000"), ("phone", "+861065529988"))
    assert arrival.custom == {"size": "L"}


def test_a_row_id_in_a_file_is_the_customers_id():
    header = ["opportunity_id", "account"]
    assert check(of_row(["1C1I7A6R", "Cancity"], mapping_of(header), header)).keys == (("external", ":1C1I7A6R"),)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"first_name": "Lu", "last_name": "Wei"}, "Lu Wei"),
        ({"first_name": "三", "last_name": "张"}, "张三"),
        ({"name": "Ann", "first_name": "X"}, "Ann"),
        ({"last_name": "Wei"}, "Wei"),
    ],
)
def test_a_name_is_put_together_as_its_language_does(fields, name):
    assert of_fields(fields).name == name


@pytest.mark.parametrize(
    ("raw", "amount"),
    [
        ("12000", "12000.00"),
        ("¥1.2万", "12000.00"),
        ("$ 1,200.50", "1200.50"),
        ("3k", "3000.00"),
        ("１２", "12.00"),
        ("5元", "5.00"),
    ],
)
def test_an_amount_is_read_as_people_write_it(raw, amount):
    assert check(Arrival(phone="13800138000", amount=raw)).amount == Decimal(amount)


@pytest.mark.parametrize("raw", ["much", "-", "1.2.3", "9" * 13, "9" * 100, "NaN", "∞", "1e5"])
def test_what_is_no_amount_is_an_error(raw):
    with pytest.raises(FieldErrors, match="amount"):
        check(Arrival(phone="13800138000", amount=raw))


def test_one_good_phone_is_enough_and_none_is_an_error():
    assert check(Arrival(phone="none / 138 0013 8000")).keys == (("phone", "+8613800138000"),)
    with pytest.raises(FieldErrors, match="phone"):
        check(Arrival(phone="none / 12", email="a@b.cn"))


def test_the_strongest_key_comes_first():
    found = check(Arrival(external_id="7", wechat="LuWei88", email="A@B.cn", phone="13800138000"), sender="web")
    assert found.keys == (
        ("phone", "+8613800138000"),
        ("email", "a@b.cn"),
        ("wechat", "luwei88"),
        ("external", "web:7"),
    )


def test_text_that_is_too_long_is_cut_and_tags_are_told_apart():
    found = check(Arrival(phone="13800138000", name="x" * 1000, note="y" * 10_000, tags="a, b;a、c", level="a "))
    assert (len(found.name), len(found.note or ""), found.tags, found.level) == (200, 4000, ("a", "b", "c"), "A")


@given(st.text())
def test_cleaned_text_can_be_stored_and_cleaning_again_changes_nothing(words):
    for cleaned in (clean.line(words), clean.text(words)):
        cleaned.encode()
        assert "\x00" not in cleaned
    assert clean.line(clean.line(words)) == clean.line(words)
    assert "\n" not in clean.line(words)


def wrong_fields(arrival):
    try:
        return set() if check(arrival).keys else {"keys"}
    except FieldErrors as exc:
        return set(exc.fields)


@given(st.builds(Arrival, *[st.text(max_size=40)] * 18, st.dictionaries(st.text(max_size=9), st.text(max_size=9))))
def test_any_text_is_either_kept_or_named_as_wrong(arrival):
    assert wrong_fields(arrival) <= {"phone", "email", "wechat", "amount"}
