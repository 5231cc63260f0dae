"""English days: tomorrow, next tue, monday next week, the 15th, end of month, march 20th, 2026-04-01.

Calendar dates go to dateparser, which knows their spellings and orders. Whole phrases do not: it reads "monday at 9"
as a September and knows neither "tmr" nor "end of month".
"""

from dataclasses import replace
from datetime import date, datetime
from threading import Lock

from dateparser.date import DateDataParser

from bot.understanding.times.days import DAY, add_months, end_of_month, in_month, in_week, quarter_start
from bot.understanding.times.pieces import Day, Part, Piece, Roll
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_LONG_DAY = r"(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday|tues?|thurs?|thu|fri)"
_ANY_DAY = r"(?P<day>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
# "sat", "sun", "mon" and "wed" are words and surnames too: they need company that only a day keeps.
_SHORT_DAY = r"(?P<day>mon|weds?|sat|sun)"
_ON = r"(?:on|by|til|till|until|before|back|call|for|or)\s+"
_THEN = r"(?=\s*(?:\d{1,2}(?::\d|\s*[ap]\.?m)|at\s+\d|noon|morning|afternoon|evening|am\b|pm\b|$|[,;!]|\.(?:\s|$)))"
_WHICH = {"this": 0, "the": 0, "current": 0, "next": 1, "coming": 0, "following": 1, "last": -1, "previous": -1, "past": -1}
_WHICH_WORD = r"(?P<which>this|next|coming|following|last|previous|past)"
_ORDINAL = r"(?P<n>\d{1,2})(?:st|nd|rd|th)"
_EDGE = r"(?:the\s+)?(?P<edge>start|beginning|early|mid|middle|late|end)(?:\s+of|\s*-|\s+in)?\s*(?:the\s+)?"
_RECENT = 45 * DAY
_LEAP_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001 - dateparser's base; it only fills in a year that we replace
_lock = Lock()


def _parser(order: str) -> DateDataParser:
    settings = {"DATE_ORDER": order, "RELATIVE_BASE": _LEAP_YEAR, "PARSERS": ["absolute-time"]}
    return DateDataParser(languages=["en"], settings=settings)


_MONTH_FIRST, _DAY_FIRST = _parser("MDY"), _parser("DMY")


def _calendar_date(match: Match, here: Here) -> Piece | None:
    """What dateparser makes of the date; without a year it is this year's, or next year's when long gone."""
    with _lock:  # the parser remembers its last language
        found = (_DAY_FIRST if here.day_first else _MONTH_FIRST).get_date_data(match["date"]).date_obj
    if not found:
        return None
    if match["year"]:
        return Piece(match.span(), day=Day(found.date()))
    return yearless(match, here, found.month, found.day)


def yearless(match: Match, here: Here, month: int, number: int) -> Piece:
    """A month and day: of this year, even if lately past (then somebody looks back), else of the next."""
    day = in_month(here.today.year, month, number)
    ahead = day >= here.today or day < here.today - _RECENT
    return Piece(match.span(), day=Day(day, roll="year" if ahead else "never"))


_DAYS = {"today": 0, "tonight": 0, "day after tomorrow": 2, "overmorrow": 2, "day before yesterday": -2, "yesterday": -1}
_NIGHT = Part(20, 18, 24)


def _relative(match: Match, here: Here) -> Piece:
    word = " ".join(match["word"].lower().split())
    part = _NIGHT if word == "tonight" else None
    return Piece(match.span(), day=Day(here.today + _DAYS.get(word, 1) * DAY), part=part)


def _last_night(match: Match, here: Here) -> Piece:
    return Piece(match.span(), day=Day(here.today - DAY), part=_NIGHT)


def _weekday(match: Match, here: Here) -> Piece:
    number = _WEEKDAYS.index(match["day"].lower()[:3])
    weeks = _WHICH[match["which"].lower()] if match.groupdict().get("which") else 0
    if weeks:
        return Piece(match.span(), day=Day(in_week(here.today, number, weeks)))
    ahead = (number - here.today.weekday() - 1) % 7 + 1  # the day's own name means a week on: today is "today"
    return Piece(match.span(), day=Day(here.today + ahead * DAY, "weekday", "week"))


def _week(match: Match, here: Here) -> Piece:
    """A week alone means its Monday; "this week" means what is left of it, its Friday."""
    weeks = 2 if match.groupdict().get("after") else _WHICH[match["which"].lower()]
    return Piece(match.span(), day=Day(in_week(here.today, 0 if weeks else 4, weeks), "week"))


def _edge(match: Match, here: Here) -> Piece:
    """Start, middle or end of a week, month, quarter or year."""
    edge, unit = match["edge"].lower(), match["unit"].lower()
    shift = _WHICH[(match["which"] or "this").lower()]
    if unit == "week":
        return Piece(match.span(), day=Day(in_week(here.today, {"e": 4, "m": 2}.get(edge[0], 0) if edge != "early" else 0, shift)))
    if unit == "month":
        return Piece(match.span(), day=_edge_of_month(edge, add_months(here.today.replace(day=1), shift), "month"))
    first = quarter_start(here.today, shift) if unit == "quarter" else date(here.today.year + shift, 1, 1)
    if edge == "end":
        return Piece(match.span(), day=Day(add_months(first, 3 if unit == "quarter" else 12) - DAY))
    middle = add_months(first, 1 if unit == "quarter" else 6)
    return Piece(match.span(), day=Day(middle if edge.startswith("mid") else first, roll="never"))


def _edge_of_month(edge: str, month: date, roll: Roll) -> Day:
    """The 1st, 15th, 25th or last day; one that has gone rolls on."""
    number = {"mid": 15, "middle": 15, "late": 25, "end": 31}.get(edge, 1)
    return Day(in_month(month.year, month.month, number), roll=roll)


def _this(match: Match, here: Here) -> Piece:
    """The "this" of "this morning"."""
    return Piece(match.span(), day=Day(here.today))


def _abbreviated(match: Match, here: Here) -> Piece:
    """EOW, EOM, EOQ, month end."""
    friday, quarter = in_week(here.today, 4), quarter_start(here.today, 1) - DAY
    ends = {"w": friday, "m": end_of_month(here.today), "q": quarter, "y": date(here.today.year, 12, 31)}
    return Piece(match.span(), day=Day(ends[match["unit"].lower()], roll="week" if match["unit"] in "wW" else "never"))


def _month_edge(match: Match, here: Here) -> Piece:
    """Early april, end of june, in may."""
    month = date(here.today.year, _MONTHS.index(match["month"].lower()[:3]) + 1, 1)
    return Piece(match.span(), day=_edge_of_month((match.groupdict().get("edge") or "").lower(), month, "year"))


def _span(match: Match, here: Here) -> Piece:
    """Next month, next quarter, next year: their first day; this month: its last."""
    shift, unit = _WHICH[match["which"].lower()], match["unit"].lower()
    if not shift:
        ends = {"month": end_of_month(here.today), "quarter": quarter_start(here.today, 1) - DAY}
        last = Day(ends.get(unit, date(here.today.year, 12, 31)), "month")
        return Piece(match.span(), day=last, vague=bool(match["loose"]))
    firsts = {"month": add_months(here.today.replace(day=1), shift), "quarter": quarter_start(here.today, shift)}
    first = Day(firsts.get(unit, date(here.today.year + shift, 1, 1)), "month")
    return Piece(match.span(), day=first, vague=bool(match["loose"]))


def _weekend(match: Match, here: Here) -> Piece:
    weeks = _WHICH[(match["which"] or "this").lower()]
    return Piece(match.span(), day=Day(in_week(here.today, 5, weeks), roll="never" if weeks else "week"))


def _number(match: Match, here: Here) -> Piece | None:
    """The 15th: of this month, or of the next when gone."""
    number = int(match["n"])
    if not 1 <= number <= 31:
        return None
    month = here.today.replace(day=1)
    while in_month(month.year, month.month, number).day != number or month.replace(day=number) < here.today:
        month = add_months(month, 1)
    return Piece(match.span(), day=Day(month.replace(day=number), "number", "month"))


def _weak_number(match: Match, here: Here) -> Piece | None:
    """The 17th of "Tuesday 17th"; alone it may be the 17th of anything."""
    piece = _number(match, here)
    return replace(piece, weak=True) if piece else None


def _named_quarter(match: Match, here: Here) -> Piece:
    return Piece(match.span(), day=Day(date(here.today.year, 3 * int(match["n"]) - 2, 1), roll="year"))


_ORDINAL_ENDS = r"(?=\s*(?:$|[,;!?)]|\.(?:\s|$)|at\b|around|of\s+(?:this|next|the)\s+month|noon|morning|afternoon|\d|in\s+the|to\b|and\b|or\b|for\b|with\b|if\b|@|[^\x00-\x7f]))"
_LONG_DATE = rf"(?P<date>(?:{_MONTH}\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th)?\s*(?:of\s+)?-?{_MONTH}\b\.?)(?:,?\s*(?P<year>20\d\d)(?!:))?)(?!\d|:\d)"

RULES: tuple[Rule, ...] = (
    english(r"(?P<date>(?P<year>20\d\d)([-/.])\d{1,2}\3\d{1,2})", _calendar_date),
    english(_LONG_DATE, _calendar_date),
    english(r"(?P<date>\d{1,2}[/.]\d{1,2}[/.](?P<year>20\d\d|\d\d))", _calendar_date),
    english(r"(?<!\d/)(?P<date>(?!24/7|50/50|1/2|1/3|2/3|1/4|3/4|9/10)(?:0?[1-9]|[12]\d|3[01])/(?:0?[1-9]|[12]\d|3[01]))(?P<year>)(?!/|%|\s*(?:of|done|paid))", _calendar_date),
    english(r"(?:on|by|before|until|till|due)\s+(?P<date>(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01]))(?P<year>)", _calendar_date),
    english(rf"(?:the\s+)?(?P<n>\d{{1,2}})(?:st|nd|rd|th)(?=\s+of\s+(?:this|next|the)\s+month)", _number),
    english(rf"(?:on|by|before|around)\s+(?:the\s+)?{_ORDINAL}{_ORDINAL_ENDS}", _number),
    english(rf"the\s+{_ORDINAL}{_ORDINAL_ENDS}", _number),
    english(_ORDINAL, _weak_number),
    english(r"(?:in\s+)?q(?P<n>[1-4])", _named_quarter),
    english(r"(?:the\s+)?(?P<word>day\s+after\s+tomorrow|day\s+before\s+yesterday|overmorrow)", _relative),
    english(r"last\s+night", _last_night),
    english(r"(?:(?:later|some\s?time|early|late)\s+)?(?P<word>today|tonight|tomorrow|tomorow|tommorow|tommorrow|tmrw?|tmw|tomoz|2moro|2mrw|yesterday)", _relative),
    english(r"(?P<word>this)(?=\s+(?:morning|afternoon|evening))", _this),
    english(rf"(?:(?:on|this)\s+)?{_WHICH_WORD}\s+{_ANY_DAY}", _weekday),
    english(rf"(?:(?:on|by)\s+)?{_LONG_DAY}", _weekday),
    english(rf"{_ON}{_SHORT_DAY}(?!')", _weekday),
    english(rf"{_SHORT_DAY}{_THEN}", _weekday),
    english(rf"{_EDGE}(?:(?P<which>this|next|last|the|current)\s+)?(?P<unit>week|month|quarter|year)(?!\s*end)", _edge),
    english(rf"{_EDGE}(?P<month>{_MONTH})", _month_edge),
    english(rf"(?:in|by|before|next|this|around)\s+(?P<month>{_MONTH})", _month_edge),
    english(r"(?:the\s+)?week\s+(?P<after>after\s+next)", _week),
    english(r"(?:(?:some\s?time|later|earlier|any\s?time|over|during)\s+)?(?P<which>this|next|last|following)\s+week(?!\s*-?end)", _week),
    english(r"(?:(?P<loose>some\s?time|later)\s+|(?:earlier|over|during)\s+)?(?P<which>this|next|last|following)\s+(?P<unit>month|quarter|year)", _span),
    english(r"(?:on\s+|over\s+|at\s+)?(?:the\s+)?(?:(?P<which>this|next|last|coming)\s+)?weekend", _weekend),
    english(r"eo(?P<unit>[wmqy])", _abbreviated),
    english(r"(?P<unit>[my])(?:onth|ear)[\s-]?end", _abbreviated),
)
