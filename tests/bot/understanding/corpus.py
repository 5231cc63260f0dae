"""The corpus and how it is scored: true, false and missed values per field, over sentences people could have typed.

A row is `text|outcome|channel|stage|money|next`; money is `5000` or `5000 USD`, next is local wall time (`~` is vague).
Written on Wednesday 11 March 2026 at 10:20 in Shanghai.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.understanding.sentence import FollowUpSentence, understand

TZ = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 11, 10, 20, tzinfo=TZ).astimezone(UTC)
FIELDS = ("outcome", "channel", "stage", "money", "next")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Score:
    """Values understood rightly, understood though not meant, and meant though not understood."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / ((self.right + self.wrong) or 1)

    @property
    def recall(self) -> float:
        return self.right / ((self.right + self.missed) or 1)


def read_corpus(language: str) -> list[dict[str, str]]:
    """The rows of `corpus_<language>.csv`."""
    with (HERE / f"corpus_{language}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="|", quoting=csv.QUOTE_NONE))


def understood(text: str, language: str) -> dict[str, str]:
    """What `understand` makes of a sentence, spelled like a row of the corpus."""
    return _spelled(understand(text, now=NOW, tz=TZ, locale=language))


def _spelled(said: FollowUpSentence) -> dict[str, str]:
    money = f"{said.amount:f} {said.currency or ''}".strip() if said.amount is not None else ""
    local = said.next_at.at.astimezone(TZ).strftime("%m-%d %H:%M") if said.next_at else ""
    return {
        "outcome": said.outcome or "",
        "channel": said.channel or "",
        "stage": said.stage or "",
        "money": money,
        "next": "~" if said.next_at and said.next_at.vague else local,
    }


def score(language: str) -> dict[str, Score]:
    """Precision and recall per field; a wrong value counts against both."""
    counts = Counter[tuple[str, str]]()
    for row in read_corpus(language):
        found = understood(row["text"], language)
        for field in FIELDS:
            counts.update((field, kind) for kind in _kinds(row[field], found[field]))
    return {field: Score(*(counts[field, kind] for kind in ("right", "wrong", "missed"))) for field in FIELDS}


def report(language: str) -> str:
    """The table that people read: how many sentences, and per field precision, recall and how many values."""
    lines = [f"{language}: {len(read_corpus(language))} sentences"]
    for field, found in score(language).items():
        meant = found.right + found.missed
        lines.append(f"  {field:8} precision {found.precision:.3f}  recall {found.recall:.3f}  n {meant}")
    return "\n".join(lines)


def _kinds(meant: str, found: str) -> list[str]:
    if meant == found:
        return ["right"] if meant else []
    return ["wrong"] * bool(found) + ["missed"] * bool(meant)


def misses(language: str) -> list[str]:
    """A line per sentence and field that was understood otherwise than meant."""
    return [
        f"{row['text']} | {field}: {row[field] or '-'} understood as {found[field] or '-'}"
        for row in read_corpus(language)
        for found in [understood(row["text"], language)]
        for field in FIELDS
        if row[field] != found[field]
    ]
