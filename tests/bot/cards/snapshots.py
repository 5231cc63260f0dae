"""What every sample reads as, a file each; `SLUICE_SNAPSHOTS=write pytest tests/bot/cards` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

from bot.cards.model import Card, Form, Input

FOLDER = Path(__file__).parent / "snapshots"
WRITES = os.environ.get("SLUICE_SNAPSHOTS") == "write"


def of(name: str, locale: str, said: str) -> str:
    """What the snapshot says; with `SLUICE_SNAPSHOTS=write` it says what is given."""
    path = FOLDER / f"{name}.{locale}.txt"
    if WRITES:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(said, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.exists() else f"there is no {path.name}"


def files() -> set[str]:
    """The names of all samples that have a file."""
    return {path.name.split(".")[0] for path in FOLDER.glob("*.txt")}


def plain(shown: Card | Form) -> str:
    """The plain twin of a card, or a form as words."""
    if isinstance(shown, Card):
        return shown.plain() + "\n"
    return "\n".join([shown.title, *[_asked(each) for each in shown.inputs], f"[{shown.submit}]"]) + "\n"


def _asked(item: Input) -> str:
    options = " / ".join(option.label for option in item.options)
    return " ".join(
        part for part in (f"{item.label}{' (optional)' if item.optional else ''}:", options, item.hint) if part
    )
