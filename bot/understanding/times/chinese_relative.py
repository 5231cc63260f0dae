"""Chinese distances: 半小时后, 三天后, 过两个半小时, 10分钟之内, 两小时前; and the vague ones, 改天, 过几天, 有空."""

from bot.understanding.numbers import CHINESE as N
from bot.understanding.numbers import chinese as number
from bot.understanding.times.loose_words import ask, asking, look_back, looking_back
from bot.understanding.times.pieces import Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese
from bot.understanding.times.steps import step

_UNITS = {
    "分": "minute", "刻": "quarter hour", "小": "hour", "钟": "hour", "天": "day", "日": "day", "周": "week",
    "星": "week", "礼": "week", "月": "month", "年": "year", "工": "workday", "季": "quarter",
}  # fmt: skip
_UNIT = r"(?P<unit>分钟|分|刻钟|小时|钟头|工作日|工作天|天|日|周|星期|礼拜|月|年|季度)"
_AMOUNT = (
    rf"(?<![第0-9.点年月])(?:(?P<n>{N})\s*个?(?P<half>半)?\s*{_UNIT}(?P<more>半)?"
    rf"(?:(?:零|又)?(?P<minutes>{N})分钟?)?)"
)
_HALF = r"(?P<half>半)个?(?P<unit>小时|钟头|天|月|年)"
_LATER = r"(?:之后|以后|过后|后|之内|以内|内)(?![天面续期台])"
_AGO = r"(?P<ago>之前|以前|前)(?![台面])"
# 20日前 is before the 20th, 3日内 within three days.
_NO_DATE = r"(?![0-9]{1,2}日(?!之?内|以内))"
_SOME = r"(?:几|数|好几|若干|一两|两三|三四|三五)个?(?:分钟|小时|钟头|天|日|周|星期|礼拜|月|年)"


def _steps(match: Match, here: Here) -> Piece | None:
    parts = match.groupdict()
    amount = number(parts["n"]) if parts.get("n") else 0.0
    amount += 0.5 if parts.get("half") or parts.get("more") else 0.0
    unit = _UNITS[parts["unit"][0]]
    if parts.get("minutes") and unit == "hour":
        amount += number(parts["minutes"]) / 60
    return step(match.span(), -amount if parts.get("ago") else amount, unit, here)


RULES: tuple[Rule, ...] = (
    chinese(rf"(?:前{_SOME}|{_SOME}{_AGO})", look_back(3)),
    chinese(_NO_DATE + _AMOUNT + _AGO, _steps),
    chinese(_HALF + _AGO, _steps),
    chinese(_NO_DATE + _AMOUNT + _LATER, _steps),
    chinese(_HALF + _LATER, _steps),
    chinese(rf"再?[过等](?![两俩]天){_AMOUNT}", _steps),
    chinese(rf"再?[过等]{_HALF}", _steps),
    chinese(rf"\A\s*{_AMOUNT}\s*\Z", _steps),
    chinese(rf"\A\s*{_HALF}\s*\Z", _steps),
    *looking_back("chinese"),
)
VAGUE: tuple[Rule, ...] = (
    chinese(rf"(?:再?[过等])?{_SOME}{_LATER}", ask(3)),
    chinese(rf"(?:再?[过等]|未来|接下来)这?{_SOME}", ask(3)),
    *asking("chinese"),
)
