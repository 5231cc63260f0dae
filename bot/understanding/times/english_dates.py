"""English calendar dates: march 20th, 2026-04-01, 4/15, the 15th.

dateparser reads them, since it knows their spellings and orders. Whole phrases do not go there: it reads "monday at 9"
as a September and knows neither "tmr" nor "end of month".
"""

from dataclasses import replace
from datetime import datetime
from threading import Lock

from dateparser.date import DateDataParser

from bot.understanding.times.days import DAY, in_month, next_numbered
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_TH = r"(?:st|nd|rd|th)"
_ORDINAL = rf"(?P<n>\d{{1,2}}){_TH}"
# "The 3rd time" is no day: what follows must not be what is counted.
_ORDINAL_ENDS = (
    r"(?=\s*(?:$|[,;!?)@\d]|\.(?:\s|$)|[^\x00-\x7f]"
    r"|(?:at|around|noon|morning|afternoon|in\s+the|to|and|or|for|with|if)\b))"
)
_OF_MONTH = r"(?=\s+of\s+(?:this|next|the)\s+month)"
_LONG = (
    rf"(?P<date>(?:{MONTH}\.?\s+(?:the\s+)?\d{{1,2}}{_TH}?|\d{{1,2}}{_TH}?\s*(?:of\s+)?-?{MONTH}\b\.?)"
    r"(?:,?\s*(?P<year>20\d\d)(?!:))?)(?!\d|:\d)"
)
_DAY_OR_MONTH = r"(?:0?[1-9]|[12]\d|3[01])"
_FRACTIONS = r"(?!24/7|50/50|1/2|1/3|2/3|1/4|3/4|9/10)"
_SLASHED = rf"(?<!\d/)(?P<date>{_FRACTIONS}{_DAY_OR_MONTH}/{_DAY_OR_MONTH})(?P<year>)(?!/|%|\s*(?:of|done|paid))"
_RECENT = 45 * DAY
_LEAP_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001 - dateparser's base; it only fills in a year that we replace
_lock = Lock()


def _parser(order: str) -> DateDataParser:
    settings = {"DATE_ORDER": order, "RELATIVE_BASE": _LEAP_YEAR, "PARSERS": ["absolute-time"]}
    return DateDataParser(languages=["en"], settings=settings)


_MONTH_FIRST, _DAY_FIRST = _parser("MDY"), _parser("DMY")


def _calendar_date(match: Match, here: Here) -> Piece | None:
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


def numbered(match: Match, here: Here, number: int) -> Piece:
    """The 15th: of this month, or of the next one that has it. ValueError when no month has."""
    return Piece(match.span(), day=Day(next_numbered(here.today, number), "number", "month"))


def _number(match: Match, here: Here) -> Piece:
    return numbered(match, here, int(match["n"]))


def _weak_number(match: Match, here: Here) -> Piece:
    """The 17th of "Tuesday 17th"; alone it may be the 17th of anything."""
    return replace(_number(match, here), weak=True)


RULES: tuple[Rule, ...] = (
    english(r"(?P<date>(?P<year>20\d\d)([-/.])\d{1,2}\3\d{1,2})", _calendar_date),
    english(_LONG, _calendar_date),
    english(r"(?P<date>\d{1,2}[/.]\d{1,2}[/.](?P<year>20\d\d|\d\d))", _calendar_date),
    english(_SLASHED, _calendar_date),
    english(rf"(?:on|by|before|due)\s+(?P<date>{_DAY_OR_MONTH}/{_DAY_OR_MONTH})(?P<year>)", _calendar_date),
    english(rf"(?:the\s+)?{_ORDINAL}{_OF_MONTH}", _number),
    english(rf"(?:on|by|before|around)\s+(?:the\s+)?{_ORDINAL}{_ORDINAL_ENDS}", _number),
    english(rf"the\s+{_ORDINAL}{_ORDINAL_ENDS}", _number),
    english(_ORDINAL, _weak_number),
)
