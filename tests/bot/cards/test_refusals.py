"""Every refusal is a full sentence in both languages: figures filled in, ids as names, times local."""

from datetime import timedelta
from string import Formatter

import pytest

from bot import router
from bot.cards.language import LOCALES
from crm import errors
from tests.bot.cards import snapshots
from tests.bot.cards.scene import Scene

FIGURES = {
    "again": "2026-03-04T16:00:00+00:00", "until": "2026-03-11T02:00:00+00:00", "count": 40, "held": 200, "limit": 200,
    "used": 30, "minutes": 10, "seconds": 40, "id": 7, "number": 3,
    "example": "claim L-1042", "needs": "a lead", "given": "clam", "guess": "claim", "word": "clam",
    "names": "Ann Li, Bob Chen", "period": "day", "pool": "North", "problem": "line 3: days", "ref": "L-1001",
    "other": "L-1002", "field": "claim.per_day", "takes": "whole", "roles": "managers", "name": "Ann Li",
    "email": "ann@acme.example", "lead": "L-1042",
    "list": "products", "fields": "Budget", "meant": "Gizmo",
    "kept": "desk", "within": "90d", "team": "North", "level": "A", "source": "ads", "value": "A",
}  # fmt: skip


@pytest.fixture
def scene(database, time):
    return Scene(database, time)


def needed(kind: type[errors.Refusal]) -> set[str]:
    """The names of the message's braces."""
    return {name for _, name, _, _ in Formatter().parse(kind.message) if name}


def sentences(scene: Scene, locale: str) -> str:
    """Every refusal as Ann reads it, a line each."""
    router.load()  # some refusals live beside their handlers
    scene.speak(locale)
    data = FIGURES | {"member_id": scene.acme.member["bob"]}
    data |= {"by_id": data["member_id"], "owner_id": data["member_id"], "admin_id": data["member_id"]}
    data |= {"asked_id": data["member_id"]}
    lines = []
    for code, kind in sorted(errors.every().items()):
        told = {name: data[name] for name in needed(kind)}
        lines.append(
            f"{code}: {scene.draw(scene.shown('ann', 'refused', code=code, data=told | EXTRAS)).blocks[0].text}"
        )
    return "\n".join(lines) + "\n"


EXTRAS = {"ref": "L-1001", "guess": "claim"}
"""What the buttons of the card need beside the sentence."""


@pytest.mark.parametrize("locale", LOCALES)
def test_every_refusal_reads_as_its_snapshot(scene, locale):
    said = sentences(scene, locale)
    assert said == snapshots.of("every_refusal", locale, said)


def test_no_refusal_speaks_english_to_somebody_chinese(scene):
    english, chinese = (sentences(scene, locale).splitlines() for locale in LOCALES)
    assert set(english) & set(chinese) == set()


def test_a_refusal_says_times_in_the_viewers_own_zone(scene):
    scene.time.advance(hours=1)
    until = (scene.time() + timedelta(hours=3)).isoformat()
    shown = scene.shown("ann", "refused", code="embargoed", data={"ref": "L-1001", "until": until})
    assert "today 14:00" in scene.draw(shown).plain()
