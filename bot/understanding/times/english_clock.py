"""English times of day: 3pm, 10:30, at 4, half past two, 2-4pm, noon, EOD, in the afternoon."""

from dataclasses import replace

from bot.understanding.numbers import english as number
from bot.understanding.times.pieces import LAST_HOUR, Clock, Part, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english

MORNING, NOON, AFTERNOON = Part(9, 5, 12), Part(12, 11, 14), Part(14, 12, 18)
EVENING, NIGHT = Part(19, 18, 23), Part(20, 18, 24)
_PARTS = {
    "morn": MORNING, "am": MORNING, "a.m": MORNING, "lunc": NOON, "afte": AFTERNOON, "pm": AFTERNOON, "p.m": AFTERNOON,
    "even": EVENING, "nigh": NIGHT,
}  # fmt: skip
_FIXED = {"noon": 12, "midd": 12, "mid-": 12, "midn": 24, "first": 9, "after": 13}
_CLOSE_OF_BUSINESS = 18
_AM_PM = r"(?P<half_day>[ap])(?:\.\s?m\.?|m)"
_HOUR = r"(?P<hour>[01]?\d|2[0-4])"
_WORD_HOUR = r"(?P<hour>one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|1[0-2]|[1-9])"
_MINUTE = r"(?P<minute>[0-5]\d)"
_SHARE = r"(?P<share>half|quarter|ten|twenty|five)"
_UNTIL = r"(?:\s*(?:-|to|and|or)\s*(?:[01]?\d|2[0-4])(?:[:.][0-5]\d)?)"
# A bare hour is a time only where the next word could not be what is counted: "at 4 on friday", not "at 4 stores".
HOUR_ENDS = (
    r"(?=\s*(?:$|[,;!?)\n]|\.(?:\s|$)|[^\x00-\x7f]|-\s|(?:sharp|o'?clock|today|tom\w*|tmr\w*|tonight|on|in\s+the|to|for"
    r"|with|then|and|or|so|if|because|when|we|he|she|they|i|please|his|her|their|our|local|by|via|ish|next|this"
    r"|mon|tue|wed|thu|fri|sat|sun|call|phone|ring|meet)\b))"
)
# Of a weekday 13 could be its date.
_AFTER_TOMORROW = "(?:(?<=row )|(?<=tmr )|(?<=mrw ))"
_AFTER_WEEKDAY = "(?:" + "|".join(f"(?<={end} )" for end in ("day", "mon", "tue", "wed", "thu", "fri")) + ")"
_AFTER_DAY = f"(?:{_AFTER_TOMORROW}|{_AFTER_WEEKDAY})"
_END_OF_DAY = r"eod|eob|cob|end\s+of\s+(?:the\s+)?(?:business\s+)?day|close\s+of\s+(?:business|play)"


def _clock(match: Match, _here: Here) -> Piece:
    parts = match.groupdict()
    hour, minute = int(number(parts["hour"])), int(parts.get("minute") or 0)
    half = (parts.get("half_day") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    loose = not half and 0 < hour <= 12 and not parts["hour"].startswith("0")
    return Piece(match.span(), clock=Clock(hour, minute, loose))


def _spoken(match: Match, _here: Here) -> Piece:
    """Half past two, quarter to three."""
    minute = {"half": 30, "quarter": 15, "ten": 10, "twenty": 20, "five": 5}[match["share"].lower()]
    hour = int(number(match["hour"]))
    if match["side"].lower() == "to":
        hour, minute = hour - 1 or 12, 60 - minute
    half = (match["half_day"] or "").lower()
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return Piece(match.span(), clock=Clock(hour, minute, loose=not half))


def _bare(match: Match, _here: Here) -> Piece:
    return Piece(match.span(), clock=Clock(int(match["hour"]), loose=True), weak=True)


def _no_clock(match: Match, _here: Here) -> Piece | None:
    """25:00, 10:75, 31pm: a time beside a day, but one to ask about."""
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    return Piece(match.span(), clock=Clock(hour, minute), weak=True) if hour > LAST_HOUR or minute > 59 else None


def _part(match: Match, _here: Here) -> Piece:
    """In the morning; alone as well."""
    return Piece(match.span(), part=_PARTS[match["part"].lower()[:4]])


def _bare_part(match: Match, here: Here) -> Piece:
    """The "morning" of "tomorrow morning", the "am" of "fri am"."""
    return replace(_part(match, here), weak=True)


def _fixed(match: Match, _here: Here) -> Piece:
    word = match["word"].lower()
    hour = next((hour for start, hour in _FIXED.items() if word.startswith(start)), _CLOSE_OF_BUSINESS)
    return Piece(match.span(), clock=Clock(hour))


def _first_thing(match: Match, here: Here) -> Piece:
    return replace(_fixed(match, here), weak=True)


def _same_time(match: Match, here: Here) -> Piece:
    return Piece(match.span(), clock=Clock(here.local.hour, here.local.minute), weak=True)


_PART_WORD = r"(?P<part>mornings?|afternoon|evening|night|lunch\s?time|lunch)"
_AT = r"(?:at|@|by|around|about|before|after|until|till|from|between|past|abt|approx)\s*"

RULES: tuple[Rule, ...] = (
    english(rf"{_SHARE}\s+(?P<side>past|to|after)\s+{_WORD_HOUR}(?:\s*{_AM_PM})?", _spoken),
    english(rf"{_HOUR}[:.]{_MINUTE}{_UNTIL}?\s*{_AM_PM}", _clock),
    english(rf"{_HOUR}:{_MINUTE}(?::[0-5]\d)?{_UNTIL}?(?!:)", _clock),
    english(rf"{_HOUR}{_MINUTE}?{_UNTIL}?\s*{_AM_PM}", _clock),
    english(rf"{_HOUR}{_MINUTE}\s*(?:hrs|hours)", _clock),
    english(rf"{_WORD_HOUR}{_UNTIL}?\s*(?:o'?\s?clock|{_AM_PM})", _clock),
    english(rf"(?<![-+.,:/$#\d]){_AT}{_HOUR}(?:[.:]{_MINUTE})?{_UNTIL}?(?:ish)?{HOUR_ENDS}(?!-?\d)", _clock),
    english(rf"at\s+{_WORD_HOUR}{HOUR_ENDS}", _clock),
    english(rf"{_AFTER_DAY}(?P<hour>1[0-2]|[1-9]){HOUR_ENDS}", _bare),
    english(rf"{_AFTER_TOMORROW}(?P<hour>1[3-9]|2[0-3]){HOUR_ENDS}", _bare),
    english(r"(?P<hour>\d\d?)(?::(?P<minute>\d\d)(?!:)(?:\s*[ap]m)?|\s*[ap]m)", _no_clock),
    english(rf"(?P<word>noon|midday|mid-day|midnight|{_END_OF_DAY})", _fixed),
    english(r"(?P<word>after\s+lunch)", _fixed),
    english(r"(?P<word>first\s+thing)", _first_thing),
    english(r"(?:the\s+)?same\s+time", _same_time),
    english(rf"(?:in|during)\s+the\s+(?:early\s+|late\s+)?{_PART_WORD}", _part),
    english(rf"at\s+{_PART_WORD}", _part),
    english(rf"(?:early\s+|late\s+|mid[\s-]?)?{_PART_WORD}", _bare_part),
    english(r"(?P<part>[ap]\.?m)\.?", _bare_part),
)
