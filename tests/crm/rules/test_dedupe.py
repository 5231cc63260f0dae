"""What makes two people look like one, and what keeps them apart."""

import pytest

from crm.errors import RuleSetInvalid
from crm.rules import ruleset
from crm.rules.dedupe import Facts, compare, typos
from crm.rules.dedupe_words import company, domain, person

PHONE, ONE_OFF, SWAPPED = "+8613800138000", "+8613800138010", "+8613801038000"


def known(name, firm="", phone="", email=""):
    keys = [("phone", phone)] * bool(phone) + [("email", email)] * bool(email)
    return Facts(name, firm, tuple(keys))


ALIKE = {
    "the same company without region and form": (known("王芳", "上海腾云科技有限公司"), known("王芳", "腾云"), 90),
    "first and last name changed": (known("John Smith", "Acme Ltd"), known("Smith, John", "ACME Inc."), 90),
    "an initial": (known("J. Smith", "Acme"), known("John Smith", "Acme GmbH"), 75),
    "a letter left out": (known("Jon Smith", "Acme"), known("John Smith", "Acme"), 75),
    "one character of a name wrong": (known("陈建国", "恒通"), known("陈大国", "恒通集团"), 75),
    "a character that sounds the same": (known("王芳", "恒通"), known("王方", "恒通集团"), 80),
    "a name in Latin letters": (known("王芳", phone=PHONE), known("Wang Fang", phone=ONE_OFF), 85),
    "the phone with two slips": (known("王芳", phone=PHONE), known("王方", phone="+8613800148010"), 75),
    "one digit wrong": (known("王芳", phone=PHONE), known("王芳", phone=ONE_OFF), 95),
    "two digits swapped": (known("Ann Li", phone=PHONE), known("Ann Li", phone=SWAPPED), 95),
    "a polite word for the name": (known("王总", "腾云", PHONE), known("王芳", "腾云科技", ONE_OFF), 100),
    "the domain of a company": (known("Ann Li", email="ann@acme.com"), known("Ann Li", email="li@acme.com"), 80),
    "the same mailbox elsewhere": (known("Ann Li", email="ann.lee@a.cn"), known("Ann Li", email="ann.lee@b.cn"), 75),
}
APART = {
    "namesakes": (known("王伟", phone=PHONE), known("王伟", phone="+8613911112222")),
    "colleagues": (known("Ann Li", "Acme", email="a@acme.com"), known("Bob Chen", "Acme", email="b@acme.com")),
    "namesakes at two companies": (known("Ann Li", "Acme"), known("Ann Li", "Borealis")),
    "a free mailer": (known("Ann Li", email="a1@qq.com"), known("Ann Li", email="b2@qq.com")),
    "numbered names": (known("Visitor 17", phone=PHONE), known("Visitor 18", phone=ONE_OFF)),
    "a neighbour's extension": (known("王芳", "腾云", PHONE), known("李强", "腾云", ONE_OFF)),
    "names that sound the same": (known("王芳", phone=PHONE), known("王方", phone="+8613911112222")),
    "names that sound the same, at two companies": (known("王芳", "腾云"), known("王方", "恒通")),
    "the end of a phone alone": (known("王芳", phone=PHONE), known("王方", phone="+8613990001234")),
    "another family": (known("王建国", "恒通"), known("李建国", "恒通")),
}


@pytest.mark.parametrize("what", ALIKE)
def test_who_looks_alike_has_these_points(what):
    one, other, points = ALIKE[what]
    assert (compare(one, other).points, compare(other, one).points) == (points, points)


@pytest.mark.parametrize("what", APART)
def test_who_may_be_somebody_else_is_not_asked_about(what):
    one, other = APART[what]
    assert max(compare(one, other).points, compare(other, one).points) < ruleset.Rules().dedupe.ask


def test_the_reasons_say_what_the_points_are_for():
    one, other, _points = ALIKE["one digit wrong"]
    assert compare(one, other).stored() == [["same_name", 50], ["phone_typo", 45]]


def test_a_slip_leaves_the_country_and_the_length_alone():
    found = typos(PHONE)
    assert {ONE_OFF, SWAPPED} <= set(found)
    assert {(len(each), each[:3]) for each in found} == {(14, "+86")}


def test_what_tells_nobody_apart_is_left_out():
    names = ("深圳市智远信息技术股份有限公司", "智远(中国)有限公司", "Acme Trading Co., Ltd.")
    assert [company(name) for name in names] == ["智远", "智远", "acme"]
    assert company("科技有限公司") != ""
    assert (domain("ann@acme.com"), domain("ann@163.com")) == ("acme.com", "")
    assert person("Dr. Li, Ann") == person("ann li") == "ann li"


def test_a_rule_that_acts_before_it_asks_is_refused():
    with pytest.raises(RuleSetInvalid) as refused:
        ruleset.parse("dedupe: {ask: 80, automatic: 70}")
    assert "automatic must not be below ask" in refused.value.data["problem"]
