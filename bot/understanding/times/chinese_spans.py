"""Chinese weeks, months, quarters and years: 下周, 本周内, 月底, 下个月初, 4月中旬, 明年3月, 下季度, 下半年, 年底."""

from datetime import date

from bot.understanding.numbers import chinese as number
from bot.understanding.times.chinese_dates import MONTH, SHIFT, WHICH
from bot.understanding.times.days import DAY, add_months, end_of_month, in_month, in_week, quarter_start
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese

_EDGES = {"初": 1, "上旬": 5, "中": 15, "中旬": 15, "下旬": 25, "底": 31, "末": 31}
_EDGE = r"(?P<edge>初|上旬|中旬|中|下旬|底|末)"
_NOT_COUNTED = r"(?<![0-9一二三四五六七八九十个半])"
_YEAR = r"(?P<which>今|明|后|去)年"


def _week(match: Match, here: Here) -> Piece:
    """下周 is its Monday, 下周内 and 本周 the Friday."""
    weeks = WHICH[match["which"]]
    day = 4 if match["within"] or not weeks else 0
    return Piece(match.span(), day=Day(in_week(here.today, day, weeks), "week"))


def _edge_of(month: date, edge: str) -> date:
    return in_month(month.year, month.month, _EDGES[edge])


def _month(match: Match, here: Here) -> Piece:
    """下个月 is its first day, with 初, 中 or 底 that part of it; 这个月 alone is its last."""
    shift, edge = WHICH[match["which"]], match["edge"]
    month = add_months(here.today.replace(day=1), shift)
    if edge:
        return Piece(match.span(), day=Day(_edge_of(month, edge)))
    return Piece(match.span(), day=Day(month if shift else end_of_month(month), "month"))


def _bare_edge(match: Match, here: Here) -> Piece:
    """月底, 月中, 月初: this month's, or the next when gone."""
    month = here.today.replace(day=1)
    if _edge_of(month, match["edge"]) < here.today:
        month = add_months(month, 1)
    return Piece(match.span(), day=Day(_edge_of(month, match["edge"]), roll="month"))


def _named_month(match: Match, here: Here) -> Piece:
    """四月初, 6月份, 明年3月."""
    parts = match.groupdict()
    years = WHICH[parts["which"]] if parts.get("which") else 0
    month = date(here.today.year + years, int(number(parts["month"])), 1)
    return Piece(
        match.span(),
        day=Day(_edge_of(month, parts.get("edge") or "初"), roll="never" if parts.get("which") else "year"),
    )


def _year(match: Match, here: Here) -> Piece:
    """年底, 明年, 明年初."""
    year = here.today.year + (WHICH[match["which"]] if match["which"] else 0)
    ends = match["edge"] in ("底", "末")
    return Piece(match.span(), day=Day(date(year, 12, 31) if ends else date(year, 1, 1), roll="year"))


def _second_half(match: Match, here: Here) -> Piece:
    """下半年 begins in July."""
    year = here.today.year + (WHICH[match["which"]] if match["which"] else 0)
    return Piece(match.span(), day=Day(date(year, 7, 1), roll="year"))


def _quarter(match: Match, here: Here) -> Piece:
    """下季度 is its first day, 本季度 and 季度末 the last."""
    shift = WHICH[match["which"]] if match["which"] else 0
    ends = match["edge"] in ("底", "末") or not shift
    return Piece(
        match.span(),
        day=Day(quarter_start(here.today, shift + 1) - DAY if ends else quarter_start(here.today, shift)),
    )


RULES: tuple[Rule, ...] = (
    chinese(rf"{SHIFT}(?:周|星期|礼拜)(?P<within>之?内|底|末尾|晚些时候)?", _week),
    chinese(rf"{SHIFT}月{_EDGE}?份?(?!\s*[0-9])", _month),
    chinese(rf"(?:{_YEAR})?{MONTH}月份?{_EDGE}", _named_month),
    chinese(rf"{_YEAR}{MONTH}月份?", _named_month),
    chinese(rf"(?<![0-9个]){MONTH}月份?(?![0-9个])", _named_month),
    chinese(rf"{_NOT_COUNTED}月{_EDGE}", _bare_edge),
    chinese(r"(?P<which>今|明|后|去)?年(?P<edge>底|末|初)", _year),
    chinese(r"(?:(?P<which>明|今)年)?下半年", _second_half),
    chinese(r"(?P<which>明|去)年(?P<edge>)", _year),
    chinese(r"(?P<which>下|上|这|本)?个?季度(?P<edge>初|底|末)?", _quarter),
)
