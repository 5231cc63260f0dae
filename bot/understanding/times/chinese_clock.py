"""Chinese times of day: 下午3点, 晚上8点半, 十点一刻, 15:30, 早9点, 中午, 下班前."""

from bot.understanding.numbers import chinese as number
from bot.understanding.times.pieces import LAST_HOUR, Clock, Part, Piece
from bot.understanding.times.resolve import Here
from bot.understanding.times.rules import Match, Rule, chinese

DAWN, MORNING, NOON = Part(5, 0, 6), Part(9, 5, 12), Part(12, 11, 14)
AFTERNOON, DUSK, NIGHT = Part(14, 12, 18), Part(18, 17, 20), Part(19, 18, 24)
_PARTS = {
    "凌晨": DAWN, "清晨": MORNING, "早晨": MORNING, "早上": MORNING, "早间": MORNING, "上午": MORNING, "一早": MORNING,
    "大早": MORNING, "中午": NOON, "正午": NOON, "午间": NOON, "午后": AFTERNOON, "下午": AFTERNOON, "傍晚": DUSK,
    "晚上": NIGHT, "晚间": NIGHT, "夜里": NIGHT, "夜间": NIGHT, "深夜": NIGHT, "半夜": NIGHT, "午夜": NIGHT,
    "早": MORNING, "午": NOON, "晚": NIGHT,
}  # fmt: skip
_FIXED = {
    "下班": Clock(18), "上班": Clock(9), "一上": Clock(9), "午饭": Clock(13), "饭后": Clock(13), "午休": Clock(13, 30),
    "晚饭": Clock(19, 30),
}  # fmt: skip
_LONG_PARTS = [name for name in _PARTS if len(name) > 1]
_PART = rf"(?P<part>一大早|{'|'.join(_LONG_PARTS)})"
_HOUR = r"(?P<hour>[01]?[0-9]|2[0-4]|二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九])"
_OCLOCK = r"(?:点钟|点|时(?![间候段]))"
_COLON_MINUTE = r"(?P<minute>[0-5][0-9])(?::[0-5][0-9])?"
_UNTIL = r"(?:\s*(?:-|~|到|至)\s*(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?=点|时|:))"
_AND_UNTIL = r"(?:\s*(?:-|~|到|至)\s*(?:[0-9]{1,2}|[一二两三四五六七八九十]{1,3})(?:点半?|时))?"
_END = r"(?:左右|前后|之前|以前|前|之后|以后|过后|后(?!天)|整|多)?"
# 三点建议 and 便宜一点 count things; a lone 一点 means "a bit" unless a part of the day stands before it.
_COUNTED = (
    r"(?!\s*(?:意见|建议|要求|原因|问题|疑问|顾虑|需求|理由|好处|不足|优势|说明|内容|关于|优惠|折|利|几[折个]?"
    r"|五[折万]))"
)
_NO_A_BIT = r"(?!一点(?!半|钟|[一三]刻|前|左右|之|以|后))"
# 周五18点 is Friday's, although 五18点 alone is no time; 周二十点 is ten, not twenty.
_WEEKDAY = r"(?<=[周期拜][一二三四五六])"
_NOT_AFTER = rf"(?:{_WEEKDAY}|(?<![第0-9.一二三四五六七八九十百千万几有差快周期拜]|[早晚](?=一点)))"
_AND_MINUTES = (
    r"(?:(?P<share>半|[一三13]刻)|:?(?P<minute>[0-5]?[0-9]|[零二三四五]?十?[一二三四五六七八九]|[二三四五]?十)分?"
    r"(?![0-9个条万元块]))?"
)
_SHARES = {"半": 30, "一刻": 15, "三刻": 45, "1刻": 15, "3刻": 45}


def _clock(match: Match, _here: Here) -> Piece | None:
    parts = match.groupdict()
    hour = int(number(parts["hour"]))
    share = parts.get("share")
    minute = _SHARES[share] if share else int(number(parts["minute"])) if parts.get("minute") else 0
    if hour > 24 or minute > 59:
        return None
    loose = 0 < hour <= 12 and not parts["hour"].startswith("0")
    part = _PARTS[parts["part"][-2:]] if parts.get("part") else None
    return Piece(match.span(), clock=Clock(hour, minute, loose), part=part)


def _no_clock(match: Match, _here: Here) -> Piece | None:
    """25点 beside a day: one to ask about."""
    hour = int(match["hour"])
    return Piece(match.span(), clock=Clock(hour), weak=True) if hour > LAST_HOUR else None


def _part(match: Match, _here: Here) -> Piece:
    return Piece(match.span(), part=_PARTS[match["part"][-2:]])


def _fixed(match: Match, _here: Here) -> Piece:
    return Piece(match.span(), clock=_FIXED[match["word"][:2]])


def _same_time(match: Match, here: Here) -> Piece:
    return Piece(match.span(), clock=Clock(here.local.hour, here.local.minute), weak=True)


RULES: tuple[Rule, ...] = (
    chinese(rf"{_PART}\s*的?{_HOUR}{_UNTIL}?{_OCLOCK}{_AND_MINUTES}{_AND_UNTIL}{_END}", _clock),
    chinese(rf"{_PART}\s*{_HOUR}:{_COLON_MINUTE}{_END}", _clock),
    chinese(rf"(?<![今明后昨前])(?P<part>早|晚|午){_NO_A_BIT}{_HOUR}(?:{_OCLOCK}|(?=:)){_AND_MINUTES}{_END}", _clock),
    chinese(rf"{_NOT_AFTER}{_NO_A_BIT}{_HOUR}{_OCLOCK}{_AND_MINUTES}{_AND_UNTIL}{_COUNTED}{_END}", _clock),
    chinese(rf"(?<![0-9:.]){_HOUR}:{_COLON_MINUTE}(?![0-9:]){_END}", _clock),
    chinese(r"(?P<word>下班|上班|午饭|饭后|午休|晚饭|一上班)(?:之?前|以前|之?后|以后|时|的时候)?", _fixed),
    chinese(r"同一时间|同样的?时间|这个(?:时候|时间|点)|老时间", _same_time),
    chinese(rf"(?<![0-9:.])(?P<hour>[0-9]{{2}}){_OCLOCK}{_COUNTED}", _no_clock),
    chinese(rf"{_PART}(?!好)", _part),
)
