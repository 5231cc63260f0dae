"""What an admin says about a list: `add Gizmo / 小玩意 = gizmo 3000`, `merge A into B`, 改名 A 为 B."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_VERBS = {
    "add": "add|new|添加|新增|增加|加入|加", "rename": "rename|改名|重命名", "merge": "merge|combine|合并",
    "retire": "retire|remove|stop|off|停用|下架|移除", "restore": "restore|back|on|启用|恢复",
    "order": "order|sort|排序|顺序", "default": "default|standard|默认", "change": "change|set|修改|设置",
    "owner": "owner|负责人|归",
}  # fmt: skip
_VERB = re.compile(
    "^(?:" + "|".join(rf"(?P<{verb}>{words})" for verb, words in _VERBS.items()) + r")(?![A-Za-z])\s*", re.IGNORECASE
)
_TWO = {
    "rename": re.compile(r"\s+(?:to|into|as)\s+|\s*(?:->|→|改为|改成|为)\s*", re.IGNORECASE),
    "merge": re.compile(r"\s+(?:into|with|and|to)\s+|\s*(?:->|→|并入|合并到|到|进)\s*", re.IGNORECASE),
}
_STEP = re.compile(r"\s+(?:as|计为|作为|算作?)\s*(?P<step>\S+)\s*$", re.IGNORECASE)
_STEPS = {
    "新线索": "new", "新": "new", "已联系": "contacted", "联系": "contacted", "有意向": "qualified",
    "意向": "qualified", "商机": "opportunity",
}  # fmt: skip
_ALIASES = re.compile(r"\s*[=＝]\s*")
_SPLIT = re.compile(r"\s*[,;、\uff0c\uff1b]\s*")
_ZH = re.compile(r"\s*[/|／]\s*")
_CJK = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Named:
    """A value as it was said: its name in one or both languages, what else means it, a stage's step."""

    name: str
    name_zh: str = ""
    aliases: tuple[str, ...] = ()
    step: str = ""


@dataclass(frozen=True, slots=True)
class SaidOfList:
    """A verb and what it is about; `other` is what it becomes, or into what it goes."""

    verb: str
    words: str
    other: str = ""
    each: tuple[str, ...] = field(default=())


def read_verb(words: str) -> SaidOfList | None:
    """What is to be done with a list; None where no verb stands first."""
    found = _VERB.match(words.strip())
    if found is None:
        return None
    verb = next(name for name in _VERBS if found[name])
    rest = words.strip()[found.end() :].strip()
    if verb in _TWO:
        one, *other = _TWO[verb].split(rest, maxsplit=1)
        return SaidOfList(verb, one.strip(), other[0].strip() if other else "")
    return SaidOfList(verb, rest, each=tuple(part for part in _SPLIT.split(rest) if part))


def read_name(words: str) -> Named:
    """`Price / 价格 = too expensive, 太贵`; of a stage also `as qualified`. A name in Chinese alone is both."""
    step = _STEP.search(words)
    said = (step["step"] if step else "").lower()
    head, *also = _ALIASES.split(_STEP.sub("", words), maxsplit=1)
    first, *second = _ZH.split(head.strip(), maxsplit=1)
    one, two = first.strip(), second[0].strip() if second else ""
    if two and _CJK.search(one) and not _CJK.search(two):
        one, two = two, one
    aliases = tuple(part for part in _SPLIT.split(also[0]) if part) if also else ()
    return Named(one, two, aliases, _STEPS.get(said, said))
