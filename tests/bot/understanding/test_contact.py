"""Contacts in pasted cards, one-line commands and lists."""

import pytest

from bot.understanding.contact import Contact, find_contact
from bot.understanding.paste import split_rows

CHINESE_CARD = """张三
销售总监
上海某某科技有限公司
手机：138-0013-8000
电话：021-58888888转801
传真：021-58888889
邮箱：ZhangSan@Example.com
微信：zhangsan88
地址：上海市浦东新区世纪大道100号3楼"""
ENGLISH_CARD = """Ann Li
Senior Sales Manager
Acme Trading Co., Ltd.
M: +86 138 0013 8000
T: +86 21 5888 8888 ext. 12
E: ann.li@acme.com
www.acme.com"""


def test_a_chinese_card_is_read_whole():
    assert find_contact(CHINESE_CARD) == Contact(
        name="张三",
        company="上海某某科技有限公司",
        title="销售总监",
        phones=("+8613800138000", "+862158888888"),
        emails=("zhangsan@example.com",),
        wechat_id="zhangsan88",
        rest="地址:上海市浦东新区世纪大道100号3楼",
    )


def test_an_english_card_is_read_whole():
    assert find_contact(ENGLISH_CARD) == Contact(
        name="Ann Li",
        company="Acme Trading Co., Ltd.",
        title="Senior Sales Manager",
        phones=("+8613800138000", "+862158888888"),
        emails=("ann.li@acme.com",),
        rest="www.acme.com",
    )


@pytest.mark.parametrize(
    ("text", "name", "company", "phone"),
    [
        ("new Ann Li, Acme Ltd, 138 0013 8000, ann@acme.com, wx: annli_88", "Ann Li", "Acme Ltd", "+8613800138000"),
        ("新建 张三 13800138000 上海某某科技有限公司", "张三", "上海某某科技有限公司", "+8613800138000"),
        ("王小明经理 腾讯科技 １３８００１３８００１", "王小明", "腾讯科技", "+8613800138001"),
        ("李四，华为，13800138002", "李四", "华为", "+8613800138002"),
        ("陈工(宏达机械厂)13800138003", "陈工", "宏达机械厂", "+8613800138003"),
        ("Ann Li Acme Trading Ltd 13800138000", "Ann Li", "Acme Trading Ltd", "+8613800138000"),
        ("+1 (415) 555-2671 Bob Jones, Initech", "Bob Jones", "Initech", "+14155552671"),
        ("姓名:刘德华 公司:环球唱片 职位:歌手 电话:13800138009", "刘德华", "环球唱片", "+8613800138009"),
        ("欧阳娜娜 138 0013 8000", "欧阳娜娜", None, "+8613800138000"),
        ("张三13800138000上海", "张三", None, "+8613800138000"),
        ("李女士，13700137000，想了解课程", "李女士", None, "+8613700137000"),
    ],
)
def test_a_line_gives_name_company_and_phone(text, name, company, phone):
    found = find_contact(text)
    assert (found.name, found.company, found.phones, found.error) == (name, company, (phone,), None)


@pytest.mark.parametrize(
    ("text", "wechat_id"),
    [
        ("Ann 13800138000 wx: annli_88", "annli_88"),
        ("张三 微信号 zhangsan-88", "zhangsan-88"),
        ("李女士，微信同号 13700137000", "13700137000"),
        ("Ann, wechat 13800138000", "13800138000"),
    ],
)
def test_the_wechat_id_is_found(text, wechat_id):
    assert find_contact(text).wechat_id == wechat_id


def test_a_phone_without_country_code_is_read_in_the_region_of_the_organization():
    assert find_contact("Bob (415) 555-2671", region="US").phones == ("+14155552671",)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "nothing_usable"),
        ("hello this is nothing at all and nobody", "nothing_usable"),
        ("张三 1380013800", "bad_phone"),
        ("Ann ann@acme", "bad_email"),
        ("张三 上海某某科技有限公司", None),
    ],
)
def test_what_is_unusable_says_why(text, error):
    assert find_contact(text).error == error


@pytest.mark.parametrize(
    "text",
    [
        "姓名\t电话\t公司\n张三\t13800138000\t宏达机械厂",
        "Name, Company, Phone\n张三, 宏达机械厂, 13800138000",
        "客户名称;手机号;单位\n张三;138 0013 8000;宏达机械厂",
        "1. 张三 13800138000 宏达机械厂",
        "张三，宏达机械厂，13800138000",
        "\n\n张三\t13800138000\t宏达机械厂\n\n",
    ],
)
def test_a_pasted_list_is_read_with_and_without_a_header(text):
    assert split_rows(text) == [Contact(name="张三", company="宏达机械厂", phones=("+8613800138000",))]


def test_quoted_cells_keep_their_commas():
    (row,) = split_rows('Name,Company,Phone\n"Li, Bob","Foo, Inc",+14155552671')
    assert (row.name, row.company, row.phones) == ("Li, Bob", "Foo, Inc", ("+14155552671",))


def test_every_row_keeps_its_place_and_bad_ones_their_reason():
    rows = split_rows("姓名\t电话\n张三\t13800138000\n李四\t123\n王五\t13900139000")
    assert [(row.name, row.error) for row in rows] == [("张三", None), ("李四", "bad_phone"), ("王五", None)]


def test_rows_after_the_fiftieth_are_named_not_swallowed():
    rows = split_rows("张三 13800138000\n" * 52)
    assert [row.error for row in rows] == [None] * 50 + ["too_many"] * 2
