"""By what somebody wants figures cut: `by source`, 按来源, 各渠道."""

from __future__ import annotations

import re

CUTS = {
    "source": "sources?|来源", "campaign": "campaigns?|推广活动|活动|推广计划", "channel": "channels?|渠道",
    "rep": "reps?|people|members?|colleagues?|persons?|销售|人员|成员|个人|人",
    "team": "teams?|departments?|团队|部门|小组", "line": "lines?|业务线|产品线",
}  # fmt: skip
_NAMED = "|".join(f"(?P<{cut}>{words})" for cut, words in CUTS.items())
_BY = re.compile(
    rf"(?<![A-Za-z])(?:by|per)\s+(?:{_NAMED})(?![A-Za-z])|(?:按照?|各|分)(?:{_NAMED.replace('?P<', '?P<zh_')})", re.I
)


def read(words: str) -> tuple[str, str]:
    """The cut that is named, "" for none, and the other words."""
    found = _BY.search(words)
    if found is None:
        return "", words
    cut = next(name for name, said in found.groupdict().items() if said).removeprefix("zh_")
    return cut, f"{words[: found.start()]} {words[found.end() :]}".strip()
