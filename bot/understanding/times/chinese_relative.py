"""Chinese distances: 半小时后, 三天后, 过两个半小时, 10分钟之内, 两小时前; and the vague ones, 改天, 过几天, 有空."""

from bot.understanding.numbers import CHINESE as N
from bot.understanding.numbers import chinese as number
from bot.understanding.times.pieces import Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Build, Match, Rule, chinese
from bot.understanding.times.steps import past, step, vague

_UNITS = {
    "分": "minute", "刻": "quarter hour", "小": "hour", "钟": "hour", "天": "day", "日": "day", "周": "week", "星": "week",
    "礼": "week", "月": "month", "年": "year", "工": "workday", "季": "quarter",
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


def _ask(days: float) -> Build:
    return lambda match, here: vague(match.span(), here, days)


def _looks_back(days: int) -> Build:
    return lambda match, here: past(match.span(), here, days=days)


RULES: tuple[Rule, ...] = (
    chinese(rf"(?:前{_SOME}|{_SOME}{_AGO})", _looks_back(-3)),
    chinese(_NO_DATE + _AMOUNT + _AGO, _steps),
    chinese(_HALF + _AGO, _steps),
    chinese(_NO_DATE + _AMOUNT + _LATER, _steps),
    chinese(_HALF + _LATER, _steps),
    chinese(rf"(?:再?过|再?等)(?![两俩]天){_AMOUNT}", _steps),
    chinese(rf"(?:再?过|再?等){_HALF}", _steps),
    chinese(rf"\A\s*{_AMOUNT}\s*\Z", _steps),
    chinese(rf"\A\s*{_HALF}\s*\Z", _steps),
    chinese(r"刚才|刚刚|方才", _looks_back(0)),
    chinese(r"前几天|前两天|前些天|前阵子?|前段时间|上次|(?:^|(?<=[,.;\s]))之前|此前|早些时候", _looks_back(-2)),
)

# Read last, so that "later this week" and 春节后 are what they say and not just "later" and 节后.
VAGUE: tuple[Rule, ...] = (
    chinese(rf"(?:再?过|再?等)?{_SOME}{_LATER}", _ask(3)),
    chinese(rf"(?:再?过|再?等|未来|接下来)(?:这)?(?:{_SOME}|[两俩]天|(?:一)?段时间|(?:一)?阵子?|些天|些时候|些日子)", _ask(3)),
    chinese(r"改天|改日|择日|择期|哪天|下次|下回|来日|有机会|抽空|(?<![没无])有空|(?<![没无])有时间|得空|空了|闲了|方便(?:的时候|时|了)|不忙(?:了|的时候)|忙完", _ask(3)),
    chinese(r"年后|节后|过完?年|近期|以后|往后|到时候?|届时|过后|等通知", _ask(3)),
    chinese(r"稍后|稍晚|晚点|晚些|晚一点|晚一些|迟点|迟些|等会儿?|等一会儿?|等一下|待会儿?|一会儿?后?|过会儿?|过一会儿?|回头", _ask(0.125)),
    chinese(r"尽快|尽早|马上|立刻|立即", _ask(0.05)),
)
