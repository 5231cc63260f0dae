"""What a former system knew of a lead: stage, dates, how it ended, and its dated history, out of the columns of a file.

Used only where a file is imported as a switch-over; else such columns stay beside the lead as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from crm.errors import _
from crm.rules import clean
from crm.rules.arrival import FieldErrors

WON, LOST = "won", "lost"
NAMES: dict[str, str] = {
    "stage": "deal stage|lead stage|status|lead status|sales stage|阶段|销售阶段|跟进阶段|状态|线索状态|客户状态",
    "created_at": "created|created date|create date|date created|creation date|创建时间|创建日期|录入时间|录入日期",
    "assigned_at": "assigned|assigned date|engage date|owned since|分配时间|领取时间|归属时间|分配日期",
    "stage_at": "stage date|stage since|entered stage|阶段时间|阶段日期|进入阶段时间",
    "followed_up_at": "last follow up|last contact|last contacted|last activity|last touch|最后跟进时间|最近跟进时间|"
    "最后跟进|最近跟进|上次跟进时间",
    "closed_at": "closed|close date|closed date|won date|lost date|成交时间|成交日期|关闭时间|输单时间|结束时间",
    "lost_reason": "loss reason|reason lost|输单原因|丢单原因|战败原因|失败原因",
    "activity_at": "follow up at|follow up date|activity date|跟进时间|跟进日期",
    "activity": "follow up|follow up text|activity text|activity note|跟进|跟进内容|跟进记录",
}  # fmt: skip
DATES = ("created_at", "assigned_at", "stage_at", "followed_up_at", "closed_at")
_ENDS = {
    WON: {"won", "closed won", "成交", "已成交", "赢单", "签约", "已签约"},
    LOST: {"lost", "closed lost", "输单", "丢单", "战败", "无效", "流失"},
}
# Several entries in one row: `follow-up 1 at`, `follow-up 1 text`, 跟进2时间, 跟进2内容.
_NUMBERED = re.compile(r"(?:follow ?up|activity|跟进) ?(\d{1,2}) ?(at|date|time|text|note|content|时间|日期|内容|记录)")
_WHEN = frozenset({"at", "date", "time", "时间", "日期"})
_YMD = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_XY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_TIME = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:分)?(?::(\d{1,2})(?:\.\d+)?)?\s*(am|pm)?", re.I)
_ZONED = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")

NOT_A_DATE = _("This is not a date.")
NOT_A_STAGE = _("There is no such stage.")
IN_FUTURE = _("This date is in the future.")


@dataclass(frozen=True, slots=True)
class Ways:
    """How a house reads such columns.

    Args:
        stages: a stage's key or name in lower case to its key.
        zone: of times without one. day_first: whether 3/4/2026 is in April.
    """

    stages: Mapping[str, str]
    zone: str
    now: datetime
    day_first: bool = True


@dataclass(frozen=True, slots=True)
class Past:
    """A lead as the former system left it. `status`: open, won or lost; `history`: what was done, the oldest first."""

    stage: str | None = None
    status: str = "open"
    lost_reason: str | None = None
    created_at: datetime | None = None
    assigned_at: datetime | None = None
    stage_at: datetime | None = None
    followed_up_at: datetime | None = None
    closed_at: datetime | None = None
    history: tuple[tuple[datetime, str], ...] = field(default=())

    @property
    def last_contact(self) -> datetime | None:
        """When somebody last spoke to the customer, by the history or as it was said."""
        known = [at for at in (self.followed_up_at, self.history[-1][0] if self.history else None) if at]
        return max(known) if known else None

    @property
    def first_contact(self) -> datetime | None:
        """When somebody first did."""
        return self.history[0][0] if self.history else self.followed_up_at


def field_of(heading: str) -> str | None:
    """Our name of such a column: one of `NAMES`, or `activity_at:2`, `activity:2` for a numbered entry."""
    plain = _plain(heading)
    numbered = _NUMBERED.fullmatch(plain)
    if numbered:
        return f"{'activity_at' if numbered[2] in _WHEN else 'activity'}:{int(numbered[1])}"
    return _BY_ALIAS.get(plain)


def is_past(name: str) -> bool:
    """Whether a field of ours is one of these."""
    return name.partition(":")[0] in NAMES


def read(fields: Mapping[str, str], ways: Ways) -> Past:
    """The past in a row's fields. Raises FieldErrors, naming every wrong field."""
    wrong: dict[str, str] = {}
    dates = {name: _date(name, fields.get(name, ""), ways, wrong) for name in DATES}
    stage, status = _stage(fields.get("stage", ""), ways, wrong)
    history = _history(fields, ways, wrong)
    if wrong:
        raise FieldErrors(wrong)
    reason = clean.line(fields.get("lost_reason", "")) or None
    return Past(stage, status, reason if status == LOST else None, **dates, history=history)


def moment(raw: str, ways: Ways) -> datetime | None:
    """A date, with or without a time, as people and spreadsheets write it; None when it is none."""
    plain = unicodedata.normalize("NFKC", raw).strip()
    if _ZONED.search(plain) and "T" in plain:
        try:
            return datetime.fromisoformat(plain)
        except ValueError:
            return None
    found = _YMD.match(plain) or _XY.match(plain)
    if not found:
        return None
    try:
        return _at(_day(found, ways), plain[found.end() :].strip(" T"), ZoneInfo(ways.zone))
    except ValueError:
        return None


def _day(found: re.Match[str], ways: Ways) -> date:
    one, two, three = map(int, found.groups())
    if len(found[1]) == 4:
        return date(one, two, three)
    # A month is never above twelve, so some dates say by themselves which way round they are.
    day_first = ways.day_first if max(one, two) <= 12 else one > 12
    return date(three, two, one) if day_first else date(three, one, two)


def _at(day: date, rest: str, zone: tzinfo) -> datetime:
    if not rest:
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    time = _TIME.fullmatch(rest)
    if not time:
        raise ValueError(rest)
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4].lower() == "pm" else 0)
    return datetime(day.year, day.month, day.day, hour, int(time[2]), int(time[3] or 0), tzinfo=zone)


def _date(name: str, raw: str, ways: Ways, wrong: dict[str, str]) -> datetime | None:
    if not raw.strip():
        return None
    found = moment(raw, ways)
    if found is None:
        wrong[name] = NOT_A_DATE
    elif found > ways.now:
        wrong[name] = IN_FUTURE
        return None
    return found


def _stage(raw: str, ways: Ways, wrong: dict[str, str]) -> tuple[str | None, str]:
    plain = clean.line(raw).lower()
    if not plain:
        return None, "open"
    ended = next((status for status, words in _ENDS.items() if plain in words), None)
    if ended:
        return ended, ended
    if plain not in ways.stages:
        wrong["stage"] = NOT_A_STAGE
        return None, "open"
    key = ways.stages[plain]
    return key, key if key in _ENDS else "open"


def _history(fields: Mapping[str, str], ways: Ways, wrong: dict[str, str]) -> tuple[tuple[datetime, str], ...]:
    entries = []
    for name, raw in fields.items():
        head, _colon, number = name.partition(":")
        if head == "activity_at":
            at = _date(name, raw, ways, wrong)
            words = clean.text(fields.get(f"activity:{number}" if number else "activity", ""))
            entries += [(at, words)] if at else []
    return tuple(sorted(entries))


def _plain(heading: str) -> str:
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", heading).strip().strip("*: ")).lower()


_BY_ALIAS = {
    _plain(alias): name for name, aliases in NAMES.items() for alias in (name, *aliases.split("|"))
}  # fmt: skip
