"""English distances: in 2 hours, 3 days from now, +1h, half an hour later, two weeks ago; and the vague ones."""

from bot.understanding.numbers import ENGLISH as N
from bot.understanding.numbers import english as number
from bot.understanding.times.loose_words import ask, asking, look_back, looking_back
from bot.understanding.times.pieces import Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, english
from bot.understanding.times.steps import step

_UNIT = (
    r"(?P<unit>min(?:ute)?s?|m|hours?|hrs?|h|(?:business|working|work)[\s-]?days?|days?|d|weeks?|wks?|w"
    r"|fortnights?|months?|mths?|mos?|quarters?|years?|yrs?)"
)
_INITIALS = {"h": "hour", "d": "day", "b": "workday", "f": "fortnight", "q": "quarter", "y": "year"}
_AND_A_HALF = r"(?P<{}>\s+and\s+a\s+half)?"
_MINUTES = r"(?:\s*(?:and\s*)?(?P<minutes>\d{1,2})\s*m(?:in(?:ute)?s?)?)?"
_AMOUNT = rf"(?P<n>{N}){_AND_A_HALF.format('half')}\s*{_UNIT}{_AND_A_HALF.format('more')}{_MINUTES}"
_HALF_AN = r"(?P<half>half)\s+(?:an?\s+)?(?P<unit>hour|day|month|year)"
_GIVE = r"give\s+(?:it|him|her|them)"
_AHEAD = rf"(?:in(?:\s+(?:about|around|like|another))?|after|within|{_GIVE}|wait)\s+(?:the\s+next\s+)?"
_ON = r"\s+(?:later|from\s+(?:now|today)|hence)"
_AGO = r"\s+(?P<ago>ago|back|earlier)"
_FEW = r"(?:a\s+few|few|several|some|a\s+couple\s+more|a\s+handful\s+of)\s+(?:more\s+)?"


def _unit(word: str) -> str:
    word = word.lower()
    if word.startswith("w"):
        return "workday" if word.startswith("work") else "week"
    if word.startswith("m"):
        return "month" if word[1:2] in ("o", "t") else "minute"
    return _INITIALS[word[0]]


def _steps(match: Match, here: Here) -> Piece | None:
    parts = match.groupdict()
    amount = number(parts["n"]) if parts.get("n") else 0.0
    amount += 0.5 if parts.get("half") or parts.get("more") else 0.0
    unit = _unit(parts["unit"])
    if parts.get("minutes") and unit == "hour":
        amount += int(parts["minutes"]) / 60
    return step(match.span(), -amount if parts.get("ago") else amount, unit, here)


def _one(match: Match, here: Here) -> Piece | None:
    return step(match.span(), 1, _unit(match["unit"]), here)


RULES: tuple[Rule, ...] = (
    english(_AMOUNT + _AGO, _steps),
    english(_HALF_AN + _AGO, _steps),
    english(_FEW + _UNIT + _AGO, look_back(3)),
    english(_AHEAD + _AMOUNT + rf"(?:{_ON})?", _steps),
    english(_AHEAD + _HALF_AN, _steps),
    english(_AMOUNT + _ON, _steps),
    english(_HALF_AN + _ON, _steps),
    english(rf"\+\s?{_AMOUNT}", _steps),
    english(rf"\A\s*{_AMOUNT}\s*\Z", _steps),
    english(rf"\A\s*{_HALF_AN}\s*\Z", _steps),
    english(r"\A\s*(?P<n>\d{1,3})\s?(?P<unit>h|hrs?|m|mins?|w)", _steps),
    english(r"(?:with)?in\s+the\s+(?:next\s+)?(?P<unit>hour|week|month)", _one),
    *looking_back("english"),
)
VAGUE: tuple[Rule, ...] = (
    english(_AHEAD + _FEW + _UNIT, ask(3)),
    english(_FEW + _UNIT + _ON, ask(3)),
    *asking("english"),
)
