"""Times in words, said on Wednesday 11 March 2026 at 10:20 in Shanghai unless a test says otherwise."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.understanding.when import When, understand_when
from tests.bot.understanding.corpus import NOW, TZ

NEW_YORK = ZoneInfo("America/New_York")


def understood(text: str, *, now: datetime = NOW, tz: ZoneInfo = TZ, locale: str = "en") -> When:
    when = understand_when(text, now=now, tz=tz, locale=locale)
    assert when is not None
    return when


def local(text: str, *, now: datetime = NOW, tz: ZoneInfo = TZ, locale: str = "en") -> str:
    return understood(text, now=now, tz=tz, locale=locale).at.astimezone(tz).strftime("%Y-%m-%d %H:%M")


ENGLISH = {
    "tomorrow 3pm": "2026-03-12 15:00",
    "next tue": "2026-03-17 09:00",
    "in 2 hours": "2026-03-11 12:20",
    "fri 10:30": "2026-03-13 10:30",
    "next week": "2026-03-16 09:00",
    "end of month": "2026-03-31 09:00",
    "in half an hour": "2026-03-11 10:50",
    "+1h": "2026-03-11 11:20",
    "tmr": "2026-03-12 09:00",
    "tmrw 10": "2026-03-12 10:00",
    "2mrw 10": "2026-03-12 10:00",
    "call tomorrow 15": "2026-03-12 15:00",
    "EOD": "2026-03-11 18:00",
    "noon": "2026-03-11 12:00",
    "monday at 9": "2026-03-16 09:00",
    "tomorrow at three": "2026-03-12 15:00",
    "half past two tomorrow": "2026-03-12 14:30",
    "2-4pm tomorrow": "2026-03-12 14:00",
    "day after tomorrow 10": "2026-03-13 10:00",
    "monday next week at 2pm": "2026-03-16 14:00",
    "next month on the 5th": "2026-04-05 09:00",
    "Tuesday 17th 11am": "2026-03-17 11:00",
    "friday, march 20 at 3": "2026-03-20 15:00",
    "in 2 business days": "2026-03-13 09:00",
    "first thing tomorrow": "2026-03-12 09:00",
    "same time tomorrow": "2026-03-12 10:20",
    "tonight at 8": "2026-03-11 20:00",
    "tonight at 12": "2026-03-12 00:00",
    "EOD friday": "2026-03-13 18:00",
    "feb 29 2028": "2028-02-29 09:00",
    "20 march, 3pm": "2026-03-20 15:00",
    "2026-04-01 09:00": "2026-04-01 09:00",
    "the 15th at noon": "2026-03-15 12:00",
    "jan 5": "2027-01-05 09:00",
    "an hour and a half from now": "2026-03-11 11:50",
    "in a month": "2026-04-11 09:00",
    "end of april": "2026-04-30 09:00",
    "Q3": "2026-07-01 09:00",
    "30m": "2026-03-11 10:50",
    "sat 10am": "2026-03-14 10:00",
}
CHINESE = {
    "明天下午3点": "2026-03-12 15:00",
    "后天上午": "2026-03-13 09:00",
    "下周二": "2026-03-17 09:00",
    "月底": "2026-03-31 09:00",
    "半小时后": "2026-03-11 10:50",
    "三天后": "2026-03-14 09:00",
    "周五": "2026-03-13 09:00",
    "晚上8点半": "2026-03-11 20:30",
    "大后天": "2026-03-14 09:00",
    "下个月5号": "2026-04-05 09:00",
    "明天下午３点": "2026-03-12 15:00",
    "明早9点": "2026-03-12 09:00",
    "今晚八点一刻": "2026-03-11 20:15",
    "下下周一": "2026-03-23 09:00",
    "周五（13号）下午3点": "2026-03-13 15:00",
    "周五18点": "2026-03-13 18:00",
    "下周一10点": "2026-03-16 10:00",
    "周二十点": "2026-03-17 10:00",
    "星期四三点半": "2026-03-12 15:30",
    "12月5日18点": "2026-12-05 18:00",
    "晚上12点": "2026-03-12 00:00",
    "凌晨2点": "2026-03-12 02:00",
    "两个半小时后": "2026-03-11 12:50",
    "过3天": "2026-03-14 09:00",
    "三个工作日后": "2026-03-16 09:00",
    "三月二十号上午十点": "2026-03-20 10:00",
    "4月中旬": "2026-04-15 09:00",
    "中秋节": "2026-09-25 09:00",
    "国庆后": "2026-10-08 09:00",
    "农历八月十五": "2026-09-25 09:00",
    "明年3月": "2027-03-01 09:00",
    "年底": "2026-12-31 09:00",
    "20日前": "2026-03-20 09:00",
    "下午2点到4点": "2026-03-11 14:00",
    "周五下班前": "2026-03-13 18:00",
    "下半年": "2026-07-01 09:00",
    "本周五": "2026-03-13 09:00",
}


@pytest.mark.parametrize(("text", "expected"), ENGLISH.items())
def test_english_times_mean_what_people_mean(text, expected):
    assert local(text) == expected
    assert not understood(text).past
    assert not understood(text).vague


@pytest.mark.parametrize(("text", "expected"), CHINESE.items())
def test_chinese_times_mean_what_people_mean(text, expected):
    assert local(text, locale="zh") == expected
    assert not understood(text).past
    assert not understood(text).vague


@pytest.mark.parametrize("text", ["tomorrow 25:00", "tmrw 10:75", "fri 31pm", "明天25点", "明天下午25点", "后天 25:00"])
def test_an_hour_that_no_clock_shows_is_asked_about(text):
    assert understood(text).vague


@pytest.mark.parametrize(
    "text",
    [
        "split 60:70",
        "138 0013 8000",
        "010-65529988",
        "$1,200.50",
        "5万元",
        "L-12",
        "L-1042 wants 3 units",
        "2 people at 3 stores",
        "price 10.30 per unit",
        "24/7 support",
        "1/2 of the order",
        "on the 3rd time",
        "the sun is out and we sat together",
        "room 305, 3rd floor",
        "3号线5号楼",
        "便宜一点",
        "三点建议",
        "一周五次",
        "周六福珠宝",
        "三天没联系",
        "没有时间",
        "早上好",
        "2月30日",
        "april 31",
        "",
        "版本2.5",
    ],
)
def test_what_only_looks_like_a_time_is_none(text):
    assert understand_when(text, now=NOW, tz=TZ, locale="en") is None


@pytest.mark.parametrize(
    "text", ["later", "soon", "asap", "in a few days", "some day", "改天", "有空", "过几天", "晚点", "尽快"]
)
def test_a_vague_word_asks_back_with_a_proposal_ahead(text):
    when = understood(text)
    assert when.vague
    assert when.at > NOW


@pytest.mark.parametrize(
    "text",
    [
        "yesterday 3pm",
        "2 hours ago",
        "last friday",
        "2026-03-01",
        "march 2",
        "today 8am",
        "昨天",
        "3天前",
        "上周三",
        "本周一",
        "刚才",
    ],
)
def test_an_explicit_past_time_is_called_past(text):
    assert understood(text).past


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9am", "2026-03-12 09:00"),
        ("at 9", "2026-03-12 09:00"),
        ("10点", "2026-03-12 10:00"),
        ("3点", "2026-03-11 15:00"),
        ("today at 9", "2026-03-11 21:00"),
        ("today", "2026-03-11 11:00"),
        ("wednesday", "2026-03-18 09:00"),
    ],
)
def test_a_time_that_has_gone_today_moves_on(text, expected):
    assert local(text) == expected


@pytest.mark.parametrize(
    ("locale", "expected"), [("en", "2026-04-05"), ("en_US", "2026-04-05"), ("en_GB", "2026-05-04")]
)
def test_the_locale_decides_whether_day_or_month_comes_first(locale, expected):
    assert local("4/5", locale=locale).startswith(expected)


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("call back tomorrow 3pm please", "tomorrow 3pm"),
        ("打了电话，明天下午３点再联系", "明天下午３点"),
        ("ok, fri 10:30!", "fri 10:30"),
    ],
)
def test_the_span_points_at_the_words_as_typed(text, matched):
    start, end = understood(text).span
    assert text[start:end] == matched


def test_a_firm_time_beats_a_vague_and_a_past_one():
    assert local("talked yesterday, call later, say tomorrow 3pm") == "2026-03-12 15:00"


def test_a_wall_time_in_the_spring_gap_jumps_on_with_the_clock():
    saturday = datetime(2026, 3, 7, 17, tzinfo=UTC)
    assert local("tomorrow 2:30am", now=saturday, tz=NEW_YORK) == "2026-03-08 03:30"


def test_a_wall_time_that_happens_twice_means_the_one_still_ahead():
    between = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)  # 1:45, the first time round
    assert understood("1:30am", now=between, tz=NEW_YORK).at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_nine_in_the_morning_stays_nine_over_a_clock_change():
    friday = datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert local("in 3 days", now=friday, tz=NEW_YORK) == "2026-03-09 09:00"


def test_hours_are_hours_over_a_clock_change():
    night = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    assert understood("in 2 hours", now=night, tz=NEW_YORK).at == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("周五前给报价，周五17点", "2026-03-06 17:00"),
        ("下周一交资料，下周一10点提醒", "2026-03-09 10:00"),
        ("friday send the contract, friday 5pm", "2026-03-06 17:00"),
        ("tomorrow, about the meeting on Friday 3pm", "2026-03-05 09:00"),
        ("3月10日的会，3月9日15:00", "2026-03-10 09:00"),
    ],
)
def test_an_hour_on_the_day_that_was_named_alone_is_that_days(text, local):
    zone = ZoneInfo("Asia/Shanghai")
    found = understand_when(text, now=datetime(2026, 3, 4, 2, tzinfo=UTC), tz=zone, locale="zh")
    assert found is not None
    assert found.at.astimezone(zone).strftime("%Y-%m-%d %H:%M") == local
