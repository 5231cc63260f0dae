"""One visit of a page: who, in which language, how the visitor came, and what was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from crm.rules import clean
from crm.rules.forms import UTM, CameBy
from webhooks.intake import bodies
from webhooks.intake.post import Post

TRAP = "fax_number"
_LONGEST = 5_000
_FROM = "came_from"
_HELPER = re.compile(r"[a-z0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Visit:
    """Args: word: the page in the address; query: what the address says beside it; body: None for a look."""

    word: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    peer: str
    host: str
    body: bytes | None = None
    values: dict[str, str] = field(default_factory=dict)

    @property
    def asked_language(self) -> str:
        return self.query.get("lang", "")

    @property
    def accepted_languages(self) -> str:
        return self.headers.get("accept-language", "")

    @property
    def helper(self) -> str:
        """The word of the helper whose address it is; "" for what cannot be one."""
        given = self.query.get("h", "")
        return given if _HELPER.fullmatch(given) else ""

    @property
    def page_before(self) -> str:
        """The page that led here, without what it says of its visitor; kept through the form by `came_from`."""
        given = clean.line(self.values.get(_FROM) or self.headers.get("referer", ""))
        try:
            parts = urlsplit(given)
        except ValueError:
            return ""
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.netloc == self.host:
            return ""
        return f"{parts.scheme}://{parts.hostname}{parts.path}"

    @property
    def is_trapped(self) -> bool:
        """Whether something filled in what people do not see."""
        return bool(self.values.get(TRAP, "").strip())

    def came_by(self, helper: str = "") -> CameBy:
        """Where the visitor came from. Args: helper: the name of whose address it is."""
        tags = {name: value for name in UTM if (value := clean.line(self.query.get(name, "")))}
        return CameBy(tags, self.page_before, helper)

    def address(self, **changed: str) -> str:
        """The query of this page with something changed."""
        kept = {name: value for name, value in self.query.items() if name in (*UTM, "h", "lang")}
        return "?" + urlencode(kept | changed)

    def read(self) -> Visit:
        """With the values that were posted. Raises TurnedAway with 400 or 415."""
        post = Post(self.word, self.headers, self.body or b"", self.peer)
        typed = {name: _text(value)[:_LONGEST] for name, value in bodies.read(post).items()}
        return Visit(self.word, self.headers, self.query, self.peer, self.host, self.body, typed)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
