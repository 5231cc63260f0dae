"""The words that tell the parts of a business card apart, compiled from `words/contact.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bot.understanding.lexicon import read_words

# A branch may follow in brackets: 上海某某科技有限公司(北京分公司), Acme Ltd (HK).
_BRANCH = r"(?:\s*\([^()]{1,20}\))?\.?"


@dataclass(frozen=True, slots=True)
class ContactWords:
    """Patterns for whole segments, save `labels`, which stand before a colon."""

    labels: Mapping[str, re.Pattern[str]]
    company: re.Pattern[str]
    title: re.Pattern[str]
    chinese_name: re.Pattern[str]
    address: re.Pattern[str]
    remark: re.Pattern[str]

    def label_of(self, text: str) -> str | None:
        """The field that a label or a column head names."""
        plain = " ".join(text.split()).strip(" :*.")
        return next((field for field, pattern in self.labels.items() if pattern.fullmatch(plain)), None)


@cache
def contact_words() -> ContactWords:
    """Read once."""
    raw = read_words("contact.yaml")
    labels = {field: re.compile(_any_of(lines), re.I) for field, lines in raw["labels"].items()}
    surname = f"(?:{_any_of(raw['double_surnames'])}|[{''.join(raw['surnames'].split())}])"
    honorific = _any_of(raw["honorifics"])
    company_zh, company_en = _any_of(raw["company_zh"]), _any_of(raw["company_en"])
    return ContactWords(
        labels=labels,
        company=re.compile(
            rf"(?=.*[一-鿿])[^,]{{1,40}}(?:{company_zh}){_BRANCH}|[^,]*[a-z0-9&'.)-]\s+\(?(?:{company_en})\)?\b\.?(?:\s*,?\s*(?:{company_en})\b\.?)*{_BRANCH}",
            re.I,
        ),
        title=re.compile(rf"(?:{_any_of(raw['title_zh'])})|(?:{_any_of(raw['title_en'])})", re.I),
        chinese_name=re.compile(
            rf"(?P<name>{surname}(?:[一-鿿]{{1,2}}|(?={honorific}$)))(?P<title>{honorific})?|(?P<address>{surname}(?:{honorific}))"
        ),
        address=re.compile(
            r".*(?:[省市区县镇村路街道弄号楼室]|\d+\s+\w+\s+(?:road|rd|street|st|ave|avenue|lane)\b).*", re.I
        ),
        remark=re.compile(_any_of(raw["remarks"]), re.I),
    )


def _any_of(lines: str) -> str:
    return "(?:" + "|".join(lines.strip().split("\n")) + ")"
