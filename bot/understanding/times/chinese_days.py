"""Chinese days near us: 今天, 明早, 后天, 大后天, 第二天, 周五, 下周二, 周末."""

from bot.understanding.times.chinese_clock import MORNING, NIGHT, NOON
from bot.understanding.times.chinese_dates import SHIFT, WHICH
from bot.understanding.times.days import DAY, in_week, next_weekday
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese

_SHIFTS = {
    "今": 0, "当": 0, "明": 1, "次": 1, "隔": 1, "第二": 1, "翌": 1, "后": 2, "大后": 3, "昨": -1, "前": -2, "大前": -3,
}  # fmt: skip
_PARTS = {"早": MORNING, "晨": MORNING, "晚": NIGHT, "夜": NIGHT, "午": NOON}
_NUMBERS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "末": 5, "日": 6, "天": 6, "7": 6}
_WEEK = r"(?:周|星期|礼拜)"
_NAME = r"(?P<day>[一二三四五六日天末1-7])(?![次天金福个岁年])"
# 明天早10点, but 明天早一点 and 明天早上.
_THEN_PART = r"(?:(?P<part>早|晚|晨)(?=[0-9一二两三四五六七八九十]|$|[^上点些一]))?"


def _relative(match: Match, here: Here) -> Piece:
    part = _PARTS.get(match.groupdict().get("part") or "")
    return Piece(match.span(), day=Day(here.today + _SHIFTS[match["day"]] * DAY), part=part)


def _weekday(match: Match, here: Here) -> Piece:
    """周五 is the coming one, 本周五 this week's, even when gone."""
    name = match["day"]
    number = _NUMBERS[name] if name in _NUMBERS else int(name) - 1
    which = match.groupdict().get("which")
    if which:
        return Piece(match.span(), day=Day(in_week(here.today, number, WHICH[which])))
    return Piece(match.span(), day=Day(next_weekday(here.today, number), "weekday", "week"))


RULES: tuple[Rule, ...] = (
    chinese(r"(?<![以之此今])(?P<day>大后|大前)[天日](?!天)", _relative),
    chinese(rf"(?<![以之此今大])(?P<day>今|明|后|昨|前|当|隔|次|翌)(?:天|日|儿个?)(?![天本]){_THEN_PART}", _relative),
    chinese(r"(?P<day>今|明|后|昨|前)(?P<part>早|晚|晨|夜|午)上?(?!些|点(?!半))", _relative),
    chinese(r"(?P<day>第二)天", _relative),
    chinese(rf"{SHIFT}{_WEEK}{_NAME}", _weekday),
    chinese(rf"(?<![每一二两三四五六七八九十几0-9]){_WEEK}{_NAME}", _weekday),
)
