"""What a message says: its text without mark-up, quoted history and signatures' marks, and lines that name a field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses
from html.parser import HTMLParser

from crm.rules import clean
from crm.rules.fields import field_of
from crm.rules.keys import normalise_email

MOST = 20_000
"""Characters of a text that are looked at."""
_HIDDEN = frozenset({"script", "style", "head", "title", "template"})
_BLOCKS = frozenset({"p", "br", "div", "tr", "li", "table", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote", "hr"})
_FORWARDED = re.compile(
    r"^[> \t]*(?:-{2,}[ \t]*(?:forwarded message|转发的?邮件|转发邮件信息)[ \t]*-{2,}"
    r"|begin forwarded message:|开始转发的邮件[:：])[ \t]*$",
    re.I | re.M,
)
# Some programs write the same above what is answered and what is passed on; then the subject says which.
_ORIGINAL = re.compile(r"^[> \t]*-{2,}[ \t]*(?:original message|原始邮件|原邮件)[ \t]*-{2,}[ \t]*$", re.I | re.M)
_PASSED_ON = re.compile(r"\s*(?:fwd?|转发|轉寄)\s*[:：]", re.I)
_HISTORY = re.compile(
    r"^(?:>.*"
    r"|-{2,}[ \t]*(?:original message|原始邮件|原邮件)[ \t]*-{2,}.*"
    r"|on .{4,200} wrote:[ \t]*"
    r"|(?:在[ \t]*)?\d{4}\s*[年/-].{4,200}(?:写道|寫道)\s*[:：][ \t]*"
    r"|.{1,200}于\s*\d{4}\s*年.{4,80}写道\s*[:：][ \t]*"
    r"|_{10,}[ \t]*)$",
    re.I | re.M,
)
_SIGNATURE = re.compile(r"^-- ?$", re.M)
_HEADERS = {
    "from": "from", "发件人": "from", "寄件者": "from", "subject": "subject", "主题": "subject", "主旨": "subject",
    "date": "", "sent": "", "to": "", "cc": "", "reply-to": "", "日期": "", "发送时间": "", "时间": "", "收件人": "",
    "抄送": "",
}  # fmt: skip
_LABELLED = re.compile(r"^[\s>*•·\-]*([^:：\n]{1,40})[:：]\s*(\S.*)?$")
_LINES = 200


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A message within a message, as mail programs write it."""

    name: str
    email: str
    subject: str
    text: str


class _Words(HTMLParser):
    """The text of HTML, a line for each block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._hidden += tag in _HIDDEN
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def of(message: EmailMessage) -> str:
    """The text: the plain part, or else that of the HTML part; "" where there is none."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = _decoded(part)[: 5 * MOST]  # mark-up takes room, too
    plain = _without_tags(content) if part.get_content_type() == "text/html" else content.replace("\r\n", "\n")
    return plain[:MOST]


def attachments(message: EmailMessage) -> list[str]:
    """What the attached files are called."""
    return [clean.line(part.get_filename() or part.get_content_type(), 80) for part in message.iter_attachments()][:20]


def forwarded(text: str, subject: str) -> Forwarded | None:
    """The message that was passed on in this text, the innermost one; None where there is none."""
    marks = list(_FORWARDED.finditer(text))
    if not marks and _PASSED_ON.match(subject):
        marks = list(_ORIGINAL.finditer(text))
    if not marks:
        return None
    head, body = _head(text[marks[-1].end() :])
    if "from" not in head:
        return None
    name, address = next(iter(getaddresses([head["from"]])), ("", ""))
    return Forwarded(clean.line(name), normalise_email(address) or "", head.get("subject", ""), body)


def without_history(text: str) -> str:
    """The text up to the message that it answers, without the signature's usual mark."""
    found = _HISTORY.search(text)
    own = text[: found.start()] if found else text
    return _SIGNATURE.split(own, maxsplit=1)[0].strip()


def labelled(text: str) -> Iterator[tuple[str, str]]:
    """Lines such as `Name: Lu` or `电话：138…` as fields under our names; the first of a name counts."""
    seen = set()
    for line in text.splitlines()[:_LINES]:
        found = _LABELLED.match(line)
        name = field_of(found.group(1).strip("【】[]*_ ")) if found else None
        if found and name and found.group(2) and name not in seen and name not in ("id", "owner"):
            seen.add(name)
            yield name, found.group(2).strip().strip("*_")


def _decoded(part: MIMEPart) -> str:
    """The text of a part. Chinese senders name GB2312 and write GB18030; what nobody knows is read as UTF-8."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    named = str(part.get_content_charset("utf-8")).lower()
    wanted = "gb18030" if named in ("gb2312", "gbk", "gb18030", "x-gbk", "cp936") else named
    try:
        return raw.decode(wanted, errors="replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", errors="replace")


def _without_tags(html: str) -> str:
    words = _Words()
    words.feed(html)
    words.close()
    lines = (line.strip() for line in "".join(words.parts).splitlines())
    return "\n".join(line for line in lines if line)


def _head(text: str) -> tuple[dict[str, str], str]:
    """The lines that look like headers at the beginning, and what follows them."""
    head: dict[str, str] = {}
    lines = text.lstrip("\n\r >").splitlines()
    for place, line in enumerate(lines):
        name, colon, value = re.sub(r"^[>\s*]+", "", line).replace("：", ":").partition(":")
        kind = _HEADERS.get(name.strip(" *").lower())
        if not colon or kind is None:
            return head, "\n".join(re.sub(r"^> ?", "", each) for each in lines[place:]).strip()
        head.setdefault(kind, value.strip(" *"))
    return head, ""
