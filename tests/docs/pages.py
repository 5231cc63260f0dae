"""The pages of the documentation as data: their links, headings, code and the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NO_SLUG = re.compile(r"[^\w\- ]")


class Page:
    """One page. `name` is its path from the root of the project."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.text = path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        return [code for kind, code in _FENCE.findall(self.text) if kind == language]

    @cached_property
    def code(self) -> list[str]:
        """Every span of code, and every line of a block."""
        lines = [line.strip() for _, block in _FENCE.findall(self.text) for line in block.splitlines()]
        return [*_SPAN.findall(self.prose), *lines]

    @cached_property
    def links(self) -> list[str]:
        """The targets of links that stay in this project."""
        return [link for link in _LINK.findall(self.prose) if not re.match(r"[a-z]+:", link)]

    @cached_property
    def anchors(self) -> set[str]:
        """Headings as a reader's browser finds them."""
        return {_NO_SLUG.sub("", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(self.prose)}

    def leads_nowhere(self) -> Iterator[str]:
        """The links whose file or heading does not exist."""
        for link in self.links:
            file, _, anchor = link.partition("#")
            target = (self.path.parent / file).resolve() if file else self.path
            if not target.exists() or (anchor and anchor not in Page(target).anchors):
                yield link


PAGES = [Page(path) for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))]


def page(name: str) -> Page:
    return next(page for page in PAGES if page.name == name)
