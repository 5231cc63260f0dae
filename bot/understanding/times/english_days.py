"""English days near us: today, tmr, day after tomorrow, fri, next tue, on Sat."""

from bot.understanding.times.days import DAY, in_week, next_weekday
from bot.understanding.times.english_clock import NIGHT
from bot.understanding.times.pieces import Day, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english

WHICH = {
    "this": 0, "the": 0, "current": 0, "coming": 0, "next": 1, "following": 1, "last": -1, "previous": -1, "past": -1,
}  # fmt: skip
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_DAY = r"(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday|tues?|thurs?|thu|fri)"
_ANY_DAY = (
    r"(?P<day>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
# "sat", "sun", "mon" and "wed" are words and surnames too: they need company that only a day keeps.
_SHORT_DAY = r"(?P<day>mon|weds?|sat|sun)"
_ON = r"(?:on|by|til|till|until|before|back|call|for|or)\s+"
_THEN = r"(?=\s*(?:\d{1,2}(?::\d|\s*[ap]\.?m)|at\s+\d|(?:noon|morning|afternoon|evening|am|pm)\b|$|[,;!]|\.(?:\s|$)))"
_SHIFTS = {
    "today": 0, "tonight": 0, "day after tomorrow": 2, "overmorrow": 2, "day before yesterday": -2, "yesterday": -1,
    "last night": -1,
}  # fmt: skip
_LOOSELY = r"(?:(?:later|some\s?time|early|late)\s+)?"
_TOMORROW = r"tomorrow|tomorow|tommorr?ow|tmrw?|tmw|tomoz|2moro|2mrw"


def _relative(match: Match, here: Here) -> Piece:
    word = " ".join(match["word"].lower().split())
    part = NIGHT if "night" in word else None
    return Piece(match.span(), day=Day(here.today + _SHIFTS.get(word, 1) * DAY), part=part)


def _this(match: Match, here: Here) -> Piece:
    """The "this" of "this morning"."""
    return Piece(match.span(), day=Day(here.today))


def _weekday(match: Match, here: Here) -> Piece:
    """The coming one; "next tue" is the Tuesday of next week."""
    number = _WEEKDAYS.index(match["day"].lower()[:3])
    weeks = WHICH[match["which"].lower()] if match.groupdict().get("which") else 0
    if weeks:
        return Piece(match.span(), day=Day(in_week(here.today, number, weeks)))
    return Piece(match.span(), day=Day(next_weekday(here.today, number), "weekday", "week"))


RULES: tuple[Rule, ...] = (
    english(r"(?:the\s+)?(?P<word>day\s+after\s+tomorrow|day\s+before\s+yesterday|overmorrow|last\s+night)", _relative),
    english(rf"{_LOOSELY}(?P<word>today|tonight|yesterday|{_TOMORROW})", _relative),
    english(r"this(?=\s+(?:morning|afternoon|evening))", _this),
    english(rf"(?:(?:on|this)\s+)?(?P<which>this|next|coming|following|last|previous|past)\s+{_ANY_DAY}", _weekday),
    english(rf"(?:(?:on|by)\s+)?{_LONG_DAY}", _weekday),
    english(rf"{_ON}{_SHORT_DAY}(?!')", _weekday),
    english(rf"{_SHORT_DAY}{_THEN}", _weekday),
)
