"""Takes the contact keys out of a text: e-mails, WeChat id, phones; what is left has a cut mark in their place."""

import re
from dataclasses import dataclass

import phonenumbers

from crm.rules.keys import normalise_email, normalise_phone

CUT = "\x00"
_EMAIL_LABEL = r"(?:e-?mail(?:\s*address)?|mail|电?子?邮[箱件]|\be)\s*[:=]\s*"
_EMAIL = re.compile(rf"(?:{_EMAIL_LABEL})?(?:mailto:)?(?P<email>[A-Za-z0-9._%+'-]+@[\w.-]+\w)", re.I)
_WECHAT_LABEL = r"(?<![A-Za-z])(?:we\s?chat|weixin|微\s*信|wx|vx|v信|wecom)"
_WECHAT_ID = r"(?P<id>[A-Za-z][A-Za-z0-9_-]{5,19}|1[3-9][0-9]{9})(?![A-Za-z0-9@])"
_WECHAT = re.compile(rf"{_WECHAT_LABEL}\s*(?:id|no\.?|号码?|account)?\s*[:#=-]?\s*{_WECHAT_ID}", re.I)
_SAME = rf"{_WECHAT_LABEL}\s*号?\s*[:-]?\s*[同即](?:手机|电话|号|上)*|(?:same|also)\s+(?:as|on|for)?\s*{_WECHAT_LABEL}"
_SAME_AS_PHONE = re.compile(rf"\(?\s*(?:{_SAME}|手机(?:微信)?同号|电话微信同号)\s*\)?", re.I)
_PHONE_LABEL = re.compile(
    r"(?:(?<![A-Za-z])(?:mobile|cell|tel|phone|telephone|mob|direct|office|hotline|work|home|hp|[mtpdo](?=\s*[:.]))(?:\s*(?:phone|no|number|#))?\.?\s*[:.]?"
    r"|(?:手\s*机|电\s*话|座机|联系|热线|号码?|方式|移动|办公)+\s*[:]?)\s*$",
    re.I,
)
_FAX = re.compile(r"(?:fax|传\s*真|(?<![A-Za-z])f)\s*[:.]?\s*$", re.I)
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|extension|x|-)\s*:?\s*[0-9]{1,5}(?![0-9])", re.I)


@dataclass(frozen=True, slots=True)
class Keys:
    """Normalised keys in the order in which they stood, each once."""

    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    wechat_id: str | None = None


def take_keys(folded: str, region: str) -> tuple[Keys, str]:
    """The keys of a folded text, and the text without them and their labels."""
    emails, left = _take_emails(folded)
    left, same = _SAME_AS_PHONE.subn(CUT, left)
    wechat = _WECHAT.search(left)
    if wechat:
        left = left[: wechat.start()] + CUT + left[wechat.end() :]
    phones, left = _take_phones(left, region)
    wechat_id = wechat["id"] if wechat else phones[0].removeprefix("+86") if same and phones else None
    if wechat_id and wechat_id.isdigit() and not phones:
        phones = [phone for phone in [normalise_phone(wechat_id, "CN")] if phone]
    return Keys(tuple(phones), tuple(emails), wechat_id), left


def _take_emails(text: str) -> tuple[list[str], str]:
    found: dict[str, None] = {}

    def take(match: re.Match[str]) -> str:
        email = normalise_email(match["email"])
        if not email:
            return match[0]
        found[email] = None
        return CUT

    left = _EMAIL.sub(take, text)
    return list(found), left


def _take_phones(text: str, region: str) -> tuple[list[str], str]:
    found: dict[str, None] = {}
    left, start = "", 0
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        before = text[start : match.start]
        fax = _FAX.search(before)
        if not fax:
            found[phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)] = None
        left += (before[: fax.start()] if fax else _PHONE_LABEL.sub("", before)) + CUT
        extension = _EXTENSION.match(text, match.end)
        start = extension.end() if extension else match.end
    return list(found), left + text[start:]
