"""English weeks, months, quarters and years: next week, end of month, early april, in June, Q2, EOW."""

from datetime import date

from bot.understanding.times.days import DAY, add_months, end_of_month, in_month, in_week, quarter_start
from bot.understanding.times.english_dates import MONTH
from bot.understanding.times.english_days import WHICH
from bot.understanding.times.pieces import Day, Piece, Roll
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EDGE = r"(?:the\s+)?(?P<edge>start|beginning|early|mid|middle|late|end)(?:\s+of|\s*-|\s+in)?\s*(?:the\s+)?"
_EDGE_DAY = {"mid": 15, "middle": 15, "late": 25, "end": 31}
_WEEK_EDGE = {"mid": 2, "middle": 2, "late": 4, "end": 4}
_OVER = r"(?:(?:some\s?time|later|earlier|any\s?time|over|during)\s+)?"
_LOOSELY = r"(?:(?P<loose>some\s?time|later)\s+|(?:earlier|over|during)\s+)?"
_WHICH = r"(?P<which>this|next|last|following)"


def _week(match: Match, here: Here) -> Piece:
    """A week alone means its Monday; "this week" means what is left of it, its Friday."""
    weeks = 2 if match.groupdict().get("after") else WHICH[match["which"].lower()]
    return Piece(match.span(), day=Day(in_week(here.today, 0 if weeks else 4, weeks), "week"))


def _weekend(match: Match, here: Here) -> Piece:
    weeks = WHICH[(match["which"] or "this").lower()]
    return Piece(match.span(), day=Day(in_week(here.today, 5, weeks), roll="never" if weeks else "week"))


def _edge(match: Match, here: Here) -> Piece:
    """Start, middle or end of a week, month, quarter or year."""
    edge, unit = match["edge"].lower(), match["unit"].lower()
    shift = WHICH[(match["which"] or "this").lower()]
    if unit == "week":
        return Piece(match.span(), day=Day(in_week(here.today, _WEEK_EDGE.get(edge, 0), shift)))
    if unit == "month":
        return Piece(match.span(), day=_edge_of_month(edge, add_months(here.today.replace(day=1), shift), "month"))
    months = 3 if unit == "quarter" else 12
    first = quarter_start(here.today, shift) if unit == "quarter" else date(here.today.year + shift, 1, 1)
    days = {"end": add_months(first, months) - DAY, "mid": add_months(first, months // 2)}
    return Piece(match.span(), day=Day(days.get(edge[:3], first)))


def _edge_of_month(edge: str, month: date, roll: Roll) -> Day:
    """The 1st, 15th, 25th or last day; one that has gone rolls on."""
    return Day(in_month(month.year, month.month, _EDGE_DAY.get(edge, 1)), roll=roll)


def _named_month(match: Match, here: Here) -> Piece:
    """Early april, end of june, in may."""
    month = date(here.today.year, _MONTHS.index(match["month"].lower()[:3]) + 1, 1)
    return Piece(match.span(), day=_edge_of_month((match.groupdict().get("edge") or "").lower(), month, "year"))


def _whole(match: Match, here: Here) -> Piece:
    """Next month, next quarter, next year: their first day; this month: its last."""
    shift, unit = WHICH[match["which"].lower()], match["unit"].lower()
    day = _first(unit, shift, here.today) if shift else _last(unit, here.today)
    return Piece(match.span(), day=Day(day, "month"), vague=bool(match["loose"]))


def _first(unit: str, shift: int, today: date) -> date:
    firsts = {"month": add_months(today.replace(day=1), shift), "quarter": quarter_start(today, shift)}
    return firsts.get(unit, date(today.year + shift, 1, 1))


def _last(unit: str, today: date) -> date:
    lasts = {"week": in_week(today, 4), "month": end_of_month(today), "quarter": quarter_start(today, 1) - DAY}
    return lasts.get(unit, date(today.year, 12, 31))


def _abbreviated(match: Match, here: Here) -> Piece:
    """EOW, EOM, EOQ, month end."""
    units = {"w": "week", "m": "month", "q": "quarter", "y": "year"}
    unit = units[match["unit"].lower()]
    return Piece(match.span(), day=Day(_last(unit, here.today), roll="week" if unit == "week" else "never"))


def _named_quarter(match: Match, here: Here) -> Piece:
    return Piece(match.span(), day=Day(date(here.today.year, 3 * int(match["n"]) - 2, 1), roll="year"))


RULES: tuple[Rule, ...] = (
    english(r"(?:in\s+)?q(?P<n>[1-4])", _named_quarter),
    english(rf"{_EDGE}(?:(?P<which>this|next|last|the|current)\s+)?(?P<unit>week|month|quarter|year)(?!\s*end)", _edge),
    english(rf"{_EDGE}(?P<month>{MONTH})", _named_month),
    english(rf"(?:in|by|before|next|this|around)\s+(?P<month>{MONTH})", _named_month),
    english(r"(?:the\s+)?week\s+(?P<after>after\s+next)", _week),
    english(rf"{_OVER}{_WHICH}\s+week(?!\s*-?end)", _week),
    english(rf"{_LOOSELY}{_WHICH}\s+(?P<unit>month|quarter|year)", _whole),
    english(r"(?:(?:on|over|at)\s+)?(?:the\s+)?(?:(?P<which>this|next|last|coming)\s+)?weekend", _weekend),
    english(r"eo(?P<unit>[wmqy])", _abbreviated),
    english(r"(?P<unit>[my])(?:onth|ear)[\s-]?end", _abbreviated),
)
