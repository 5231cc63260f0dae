"""Chinese calendar dates: 3月20日, 明年4月1号, 15号, 下个月5号; jionlp_time knows 中秋节, 国庆后, 农历八月十五."""

from datetime import date, datetime
from threading import Lock

from jionlp_time import TimeParser

from bot.understanding.numbers import chinese as number
from bot.understanding.times.days import DAY, add_months
from bot.understanding.times.english_dates import numbered, yearless
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese

WHICH = {"这": 0, "本": 0, "今": 0, "下": 1, "下下": 2, "上": -1, "上上": -2, "明": 1, "去": -1, "后": 2}
SHIFT = r"(?P<which>下下|上上|下|上|这|本)一?个?"
MONTH = r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_NUMBER = r"(?P<n>[12][0-9]|3[01]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
# 3号线 and 5号楼 are places, 2号码 and 1日程 other words.
_NO_PLACE = r"(?![线楼店院门桌馆厅库机厂房车位单元会口棚仓铺码之常程子期志])"
_ORDINAL = r"[一二三四五六七八九十]"
_FESTIVAL = (
    rf"元旦|除夕|春节|大年初{_ORDINAL}{{1,2}}|元宵节?|清明节?|五一(?:劳动节|假期|节)?|劳动节|端午节?|中秋节?"
    r"|国庆节?|十一(?:假期|黄金周|长假)|重阳节|双十[一二]|圣诞节?"
)
_LUNAR = (
    rf"(?:农历|阴历|正月|腊月)(?:[一二三四五六七八九十冬]{{1,2}}月)?(?:初{_ORDINAL}|[二三]?十{_ORDINAL}?|廿{_ORDINAL})"
)
_HOLIDAY_DAYS = {"春节": 8, "国庆": 7, "十一": 7, "五一": 5, "劳动": 5}
_lock = Lock()
_jionlp = TimeParser()


def _number_of_month(match: Match, here: Here) -> Piece:
    """15号 is the next one; 下个月5号 that of its month."""
    which, day = match.groupdict().get("which"), int(number(match["n"]))
    if not which:
        return numbered(match, here, day)
    month = add_months(here.today.replace(day=1), WHICH[which])
    return Piece(match.span(), day=Day(month.replace(day=day)))


def _month_day(match: Match, here: Here) -> Piece:
    month, day = int(number(match["month"])), int(number(match["n"]))
    date(2000, month, day)  # 2月30日 is no date
    year = match.groupdict().get("year")
    if not year:
        return yearless(match, here, month, day)
    full = here.today.year + WHICH[year] if year in WHICH else 2000 + int(year) % 2000
    return Piece(match.span(), day=Day(date(full, month, day)))


def festival(match: Match, here: Here) -> Piece | None:
    """The next day of that name; 后 adds the length of its holiday."""
    day = _ask_jionlp(match["name"], here.today)
    if day and day < here.today:
        day = _ask_jionlp(match["name"], date(here.today.year + 1, 1, 1))
    if not day:
        return None
    return Piece(match.span(), day=Day(day + _HOLIDAY_DAYS.get(match["name"][:2], 1) * DAY if match["after"] else day))


def _ask_jionlp(name: str, today: date) -> date | None:
    base = {"year": today.year, "month": today.month, "day": today.day}
    with _lock:  # the parser keeps its base in itself
        try:
            found = _jionlp(name, time_base=base)
        except ValueError:
            return None
    return datetime.fromisoformat(found["time"][0]).date()


RULES: tuple[Rule, ...] = (
    chinese(rf"(?P<name>{_LUNAR})(?P<after>)", festival),
    chinese(rf"(?P<year>20[0-9]{{2}}|[0-9]{{2}}|今|明|后|去)年{MONTH}月{_NUMBER}[日号]?", _month_day),
    chinese(rf"(?<![0-9年个]){MONTH}月{_NUMBER}(?:[日号]|(?![0-9个日号]))", _month_day),
    chinese(rf"(?<![0-9./]){MONTH}\.{_NUMBER}[日号]", _month_day),
    chinese(rf"{SHIFT}月的?{_NUMBER}[日号]{_NO_PLACE}", _number_of_month),
    chinese(rf"(?<![0-9月.-]){_NUMBER}[日号]{_NO_PLACE}", _number_of_month),
)
# Read after the weekdays: 周五一早 is no 五一.
FESTIVALS = (chinese(rf"(?P<name>{_FESTIVAL})(?P<after>之后|以后|过后|假期后|后|回来)?", festival),)
