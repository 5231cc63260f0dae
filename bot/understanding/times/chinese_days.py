"""Chinese days: 明天, 大后天, 今晚, 下周二, 周末, 15号, 下个月5号, 3月20日, 月底, 年底; festivals and lunar dates by jionlp_time."""

from datetime import date, datetime
from threading import Lock

from jionlp_time import TimeParser

from bot.understanding.numbers import chinese as number
from bot.understanding.times.chinese_clock import MORNING, NIGHT, NOON
from bot.understanding.times.days import DAY, add_months, end_of_month, in_month, in_week, quarter_start
from bot.understanding.times.english_days import yearless
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese

_DAYS = {"今": 0, "当": 0, "明": 1, "次": 1, "隔": 1, "第": 1, "翌": 1, "后": 2, "大后": 3, "昨": -1, "前": -2, "大前": -3}
_SHORT_PARTS = {"早": MORNING, "晨": MORNING, "晚": NIGHT, "夜": NIGHT, "午": NOON}
_WHICH = {"": 0, "这": 0, "本": 0, "今": 0, "下": 1, "下下": 2, "上": -1, "上上": -2, "明": 1, "去": -1, "后": 2}
_WEEKDAY = {name: number for number, names in enumerate(("一1", "二2", "三3", "四4", "五5", "六6末", "日天7")) for name in names}
_SHIFT = r"(?P<which>下下|上上|下|上|这|本)(?:一)?个?"
_NUMBER = r"(?:[12][0-9]|3[01]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_MONTH = r"(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_NO_PLACE = r"(?![线楼店院门桌馆厅库机厂房车位单元馆会口棚仓铺])"
_lock = Lock()
_festivals = TimeParser()
_FESTIVAL = r"元旦|除夕|春节|大年初[一二三四五六七八九十]{1,2}|元宵节?|清明节?|五一(?:劳动节|假期|节)?|劳动节|端午节?|中秋节?|国庆节?|十一(?:假期|黄金周|长假)|重阳节|双十一|双十二|圣诞节?"
_LUNAR = r"(?:农历|阴历|正月|腊月)(?:[一二三四五六七八九十冬]{1,2}月)?(?:初[一二三四五六七八九十]|[二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九])"
_LENGTH = {"春节": 8, "国庆": 7, "十一": 7, "五一": 5, "劳动": 5}


def _relative(match: Match, here: Here) -> Piece:
    part = _SHORT_PARTS[match["part"]] if match.groupdict().get("part") else None
    return Piece(match.span(), day=Day(here.today + _DAYS[match["day"]] * DAY), part=part)


def _weekday(match: Match, here: Here) -> Piece:
    number = _WEEKDAY[match["day"]]
    which = match.groupdict().get("which")
    if which:
        return Piece(match.span(), day=Day(in_week(here.today, number, _WHICH[which])))
    ahead = (number - here.today.weekday() - 1) % 7 + 1
    return Piece(match.span(), day=Day(here.today + ahead * DAY, "weekday", "week"))


def _week(match: Match, here: Here) -> Piece:
    """下周 is its Monday, 下周内 and 本周 the Friday."""
    weeks = _WHICH[match["which"]]
    day = 4 if match["within"] or not weeks else 0
    return Piece(match.span(), day=Day(in_week(here.today, day, weeks), "week"))


def _month(match: Match, here: Here) -> Piece:
    """下个月 is its first day, with 初, 中 or 底 that part of it; 这个月 alone is its last."""
    shift = _WHICH[match["which"]]
    month = add_months(here.today.replace(day=1), shift)
    if not shift and not match["edge"]:
        return Piece(match.span(), day=Day(end_of_month(here.today), "month"))
    return Piece(match.span(), day=_edge(month, match["edge"]))


def _edge(month: date, edge: str | None) -> Day:
    days = {"初": 1, "上旬": 5, "中": 15, "中旬": 15, "下旬": 25, "底": 31, "末": 31}
    return Day(in_month(month.year, month.month, days[edge or "初"]), "day" if edge else "month")


def _bare_edge(match: Match, here: Here) -> Piece:
    """月底, 月中, 月初: this month's, or the next when gone."""
    day = _edge(here.today.replace(day=1), match["edge"]).date
    if day < here.today:
        day = _edge(add_months(here.today.replace(day=1), 1), match["edge"]).date
    return Piece(match.span(), day=Day(day, roll="month"))


def _named_month(match: Match, here: Here) -> Piece:
    """四月初, 6月份, 明年3月."""
    month = date(here.today.year, int(number(match["month"])), 1)
    if match["which"]:
        return Piece(match.span(), day=_edge(add_months(month, 12 * _WHICH[match["which"]]), match["edge"]))
    day = _edge(month, match["edge"]).date
    return Piece(match.span(), day=Day(day, roll="year"))


def _number_of_month(match: Match, here: Here) -> Piece | None:
    """15号, 下个月5号: a bare number rolls to the next month that has it."""
    which, day = match["which"], int(number(match["n"]))
    month = add_months(here.today.replace(day=1), _WHICH[which or ""])
    if which:
        return Piece(match.span(), day=Day(month.replace(day=day)))
    while in_month(month.year, month.month, day).day != day or month.replace(day=day) < here.today:
        month = add_months(month, 1)
    return Piece(match.span(), day=Day(month.replace(day=day), "number", "month"))


def _month_day(match: Match, here: Here) -> Piece | None:
    month, day = int(number(match["month"])), int(number(match["n"]))
    date(2000, month, day)  # 2月30日 is no date
    year = match.groupdict().get("year")
    if not year:
        return yearless(match, here, month, day)
    full = here.today.year + _WHICH[year[0]] if year[0] in _WHICH else int(year)
    return Piece(match.span(), day=Day(date(full if full > 99 else 2000 + full, month, day)))


def _year_edge(match: Match, here: Here) -> Piece:
    year = here.today.year + _WHICH[match["which"] or ""]
    return Piece(match.span(), day=Day(date(year, 12, 31) if match["edge"] in ("底", "末") else date(year, 1, 1), roll="year"))


def _second_half(match: Match, here: Here) -> Piece:
    """下半年 begins in July."""
    return Piece(match.span(), day=Day(date(here.today.year + _WHICH[match["which"] or ""], 7, 1), roll="year"))


def _quarter(match: Match, here: Here) -> Piece:
    shift = _WHICH[match["which"] or ""]
    last = quarter_start(here.today, shift + 1) - DAY
    return Piece(match.span(), day=Day(last if match["edge"] in ("底", "末") or not shift else quarter_start(here.today, shift)))


def _festival(match: Match, here: Here) -> Piece | None:
    """The festival's next day as jionlp_time knows it; 后 adds the length of its holiday."""
    day = _ask_jionlp(match["name"], here.today)
    if day and day < here.today:
        day = _ask_jionlp(match["name"], date(here.today.year + 1, 1, 1))
    if not day:
        return None
    return Piece(match.span(), day=Day(day + _LENGTH.get(match["name"][:2], 1) * DAY if match["after"] else day))


def _ask_jionlp(name: str, today: date) -> date | None:
    base = {"year": today.year, "month": today.month, "day": today.day}
    with _lock:  # the parser keeps its base in itself
        try:
            found = _festivals(name, time_base=base)
        except ValueError:
            return None
    return datetime.fromisoformat(found["time"][0]).date()


RULES: tuple[Rule, ...] = (
    chinese(rf"(?P<name>{_LUNAR})(?P<after>)", _festival),
    chinese(rf"(?P<year>20[0-9]{{2}}|[0-9]{{2}}|今|明|后|去)年{_MONTH}月(?P<n>{_NUMBER})[日号]?", _month_day),
    chinese(rf"(?<![0-9年个]){_MONTH}月(?P<n>{_NUMBER})[日号]?(?![0-9个])", _month_day),
    chinese(rf"(?<![0-9./]){_MONTH}\.(?P<n>{_NUMBER})[日号]", _month_day),
    chinese(rf"(?:{_SHIFT}月)的?(?P<n>{_NUMBER})[日号]{_NO_PLACE}", _number_of_month),
    chinese(rf"(?<![0-9月.-])(?P<which>)(?P<n>{_NUMBER})[日号]{_NO_PLACE}(?!楼|码|之|常|程|子|期|志)", _number_of_month),
    chinese(r"(?<![以之此今])(?P<day>大后|大前)[天日](?!天)", _relative),
    chinese(r"(?<![以之此今大])(?P<day>今|明|后|昨|前|当|隔|次|翌)(?:天|日|儿个?)(?![天本])(?:(?P<part>早|晚|晨)(?=[0-9一二两三四五六七八九十]|$|[^上点些一]))?", _relative),
    chinese(r"(?P<day>今|明|后|昨|前)(?P<part>早|晚|晨|夜|午)上?(?!些|点(?!半))", _relative),
    chinese(r"(?P<day>第)二天", _relative),
    chinese(rf"{_SHIFT}(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?![次天金福个])", _weekday),
    chinese(r"(?<![每一二两三四五六七八九十几0-9])(?:周|星期|礼拜)(?P<day>[一二三四五六日天末1-7])(?![次天金福个福岁年])", _weekday),
    chinese(rf"(?P<name>{_FESTIVAL})(?P<after>之后|以后|过后|假期后|后|回来)?", _festival),
    chinese(rf"{_SHIFT}(?:周|星期|礼拜)(?P<within>之?内|底|末尾|晚些时候)?", _week),
    chinese(rf"{_SHIFT}月(?P<edge>初|上旬|中旬|中|下旬|底|末)?(?:份)?(?!\s*[0-9])", _month),
    chinese(rf"(?:(?P<which>今|明|后|去)年)?{_MONTH}月(?:份)?(?P<edge>初|上旬|中旬|中|下旬|底|末)", _named_month),
    chinese(rf"(?:(?P<which>今|明|后|去)年)(?P<edge>){_MONTH}月份?", _named_month),
    chinese(rf"(?<![0-9个])(?P<which>)(?P<edge>){_MONTH}月份?(?![0-9个])", _named_month),
    chinese(r"(?<![0-9一二三四五六七八九十个半])月(?P<edge>初|中旬|中|下旬|底|末)", _bare_edge),
    chinese(r"(?:(?P<which>今|明|后|去)?年)(?P<edge>底|末|初)", _year_edge),
    chinese(r"(?P<which>明|今)?年?下半年", _second_half),
    chinese(r"(?P<which>明|去)年(?P<edge>初)?", _year_edge),
    chinese(r"(?P<which>下|上|这|本)?个?季度(?P<edge>初|底|末)?", _quarter),
)
