"""What an admin says about a field of the company's own: `Budget / 预算 amount, required at quote, sensitive`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_KINDS = (
    "several choices|yes/no|yes no|boolean|choices|choice|select|several|amount|money|number|date|text|"
    "文本|数字|金额|日期|单选|多选|是否"
)
_KIND = re.compile(rf"(?:^|(?<=\s)|(?<=[\u3400-\u9fff]))(?P<kind>{_KINDS})(?![A-Za-z])", re.IGNORECASE)
_REQUIRED = re.compile(
    r"(?:required|needed|must)\s*(?:at|in|for|before|from)?\s*(?P<stage>[^,;\uff0c\uff1b:\uff1a]+)"
    r"|(?:阶段)?(?P<stage_zh>[^,;\uff0c\uff1b:\uff1a\s]+?)(?:阶段)?(?:必填|时必填)",
    re.IGNORECASE,
)
_FLAGS = {
    "optional": ("required", ""), "不必填": ("required", ""), "选填": ("required", ""),
    "sensitive": ("sensitive", True), "敏感": ("sensitive", True), "open": ("sensitive", False),
    "不敏感": ("sensitive", False), "hidden": ("shown", False), "隐藏": ("shown", False),
    "不显示": ("shown", False), "shown": ("shown", True), "显示": ("shown", True),
}  # fmt: skip
_CHOICES = re.compile(r"\s*[:\uff1a]\s*")
_SPLIT = re.compile(r"\s*[,;、\uff0c\uff1b]\s*")
_ZH = re.compile(r"\s*[/|／]\s*")


@dataclass(frozen=True, slots=True)
class SaidOfField:
    """A field as it was said. What is None was not said; `choices` are values of its list."""

    name: str
    name_zh: str = ""
    kind: str = ""
    required: str | None = None
    sensitive: bool | None = None
    shown: bool | None = None
    choices: tuple[str, ...] = ()


def read_field(words: str) -> SaidOfField:
    """What is said of a field, its name and kind first."""
    head, *values = _CHOICES.split(words.strip(), maxsplit=1)
    first, *rest = _SPLIT.split(head)
    kind = _last(first)
    named = (first[: kind.start()] if kind else first).strip()
    name, *name_zh = _ZH.split(named, maxsplit=1)
    tail = first[kind.end() :].strip() if kind else ""
    said = SaidOfField(name.strip(), name_zh[0].strip() if name_zh else "", kind["kind"].lower() if kind else "")
    for part in filter(None, [*tail.split(maxsplit=0), *rest]):
        said = _with(said, part)
    choices = tuple(part for part in _SPLIT.split(values[0]) if part) if values else ()
    return replace(said, choices=choices)


def read_settings(words: str) -> SaidOfField:
    """What is said of a field that is there: settings alone."""
    said = SaidOfField("")
    for part in filter(None, _SPLIT.split(words)):
        kind = _KIND.fullmatch(part.strip())
        said = replace(said, kind=kind["kind"].lower()) if kind else _with(said, part)
    return said


def _last(words: str) -> re.Match[str] | None:
    """The kind that stands last, so that a name may hold such a word: `Delivery date date`."""
    every = list(_KIND.finditer(words))
    return every[-1] if every and every[-1].start() > 0 else None


def _with(said: SaidOfField, part: str) -> SaidOfField:
    plain = part.strip().lower()
    if plain in _FLAGS:
        name, value = _FLAGS[plain]
        return replace(said, **{name: value})  # type: ignore[arg-type]
    needed = _REQUIRED.fullmatch(part.strip())
    if needed:
        return replace(said, required=(needed["stage"] or needed["stage_zh"]).strip())
    return said
