"""Builds the documentation site: `python docs/build.py TARGET`. The pages of this folder, and those made from the code.

Every reference that leads nowhere is an error.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sphinx.cmd.build import build_main

from crm.settings import Settings
from ops import reference, reference_of_running
from ops.runtime import compose
from webhooks.app import create_app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# What stands beside the folder of the documentation and belongs to the site as well.
BESIDE = {"README.md": "front.md", "CHANGELOG.md": "changelog.md"}
# The pages by what they are for. One that is in no part stops the build.
PARTS = {
    "Start here": ("front", "tutorial", "playground"),
    "How to": (
        "slack", "wecom", "intake", "intake-vendors", "forms", "import", "people", "lists", "rules", "notices", "hooks",
        "privacy", "deployment", "operations",
    ),
    "Reference": (
        "commands", "reference/words", "reference/cards", "reference/rule-schema", "settings",
        "reference/settings", "cli", "reference/cli", "http", "api",
        "reference/api", "access", "security", "rep-effort", "changelog",
    ),
    "Why it is so": ("design", "promises", "performance", "scaling", "decisions/README", "decisions/0*"),
}  # fmt: skip
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_CODE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)


def main(target: Path) -> int:
    """Build the site. Returns 0 when nothing is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        shutil.copytree(
            DOCS, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("build.py", "conf.py", "__pycache__")
        )
        pages = {page.relative_to(DOCS).as_posix(): page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")}
        pages |= {there: (ROOT / here).read_text(encoding="utf-8") for here, there in BESIDE.items()} | _made()
        for name, words in pages.items():
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_text(_linked(name, words, frozenset(pages)), encoding="utf-8")
        with (source / "index.md").open("a", encoding="utf-8") as index:
            index.write("\n".join(_contents()))
        return build_main(["-W", "--keep-going", "-q", "-b", "html", "-c", str(DOCS), str(source), str(target)])


def _made() -> dict[str, str]:
    """The pages that the code tells."""
    nowhere = Settings.model_validate(
        {
            "database_url": "postgresql+psycopg://nobody@/none?host=/nowhere", "redis_url": "unix:///nowhere",
            "secret_key": "of no use to anybody", "playground": True,
        }
    )  # fmt: skip
    schema = json.loads((DOCS / "reference/rules.schema.json").read_text(encoding="utf-8"))
    return {
        "reference/words.md": reference.words(),
        "reference/cards.md": reference.cards(ROOT / "tests/bot/cards/snapshots"),
        "reference/rule-schema.md": reference.rule_schema(schema),
        "reference/settings.md": reference_of_running.settings(),
        "reference/cli.md": reference_of_running.command_line(),
        "reference/api.md": reference.http(create_app(compose(nowhere)).openapi()),
    }


def _linked(name: str, words: str, pages: frozenset[str]) -> str:
    """The page with its links as the site has them: those that leave the documentation become plain words."""
    folder = ROOT if name in BESIDE.values() else (DOCS / name).parent

    def led(match: re.Match[str]) -> str:
        picture, said, target, anchor = match[1], match[2], match[3], match[4] or ""
        if not target or ":" in target:
            return match[0]
        real = (folder / target).resolve()
        found = BESIDE.get(str(real.relative_to(ROOT)), _within(real))
        if not (found in pages or (found and real.is_file())):
            return said
        return f"{picture}[{said}]({'../' * name.count('/')}{found}{anchor})"

    parts = _CODE.split(words)
    return "".join(part if at % 2 else _LINK.sub(led, part) for at, part in enumerate(parts))


def _within(real: Path) -> str:
    return real.relative_to(DOCS).as_posix() if real.is_relative_to(DOCS) else ""


def _contents() -> Iterator[str]:
    for title, names in PARTS.items():
        yield from ("", "```{toctree}", ":hidden:", ":glob:", f":caption: {title}", "", *names, "```", "")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
