"""The pages made from the code tell what the program knows, and nothing that would break a page."""

from bot import router
from crm.rules.schema import schema
from crm.settings import Settings
from ops import reference, reference_of_running
from tests.docs.pages import ROOT


def test_every_word_of_the_chat_stands_in_both_languages() -> None:
    told = reference.words()
    missing = [word for command in router.commands() for word in command.words if f"`{word}`" not in told]
    assert missing == []


def test_every_card_is_drawn_in_english_and_chinese() -> None:
    snapshots = ROOT / "tests/bot/cards/snapshots"
    drawn = reference.cards(snapshots)
    assert drawn.count('<div class="card">') == len(list(snapshots.glob("*.txt")))
    assert "认领" in drawn or "领取" in drawn


def test_what_a_card_says_is_text_and_no_markup(tmp_path) -> None:
    for locale in ("en", "zh"):
        (tmp_path / f"one.{locale}.txt").write_text("<script>\nA & B\n[Yes] [No]\n", encoding="utf-8")
    drawn = reference.cards(tmp_path)
    assert "<script>" not in drawn
    assert "<p>A &amp; B</p>" in drawn
    assert '<p class="buttons"><span>Yes</span><span>No</span></p>' in drawn


def test_every_field_of_the_rule_set_has_a_row() -> None:
    told = reference.rule_schema(schema())
    assert "| `recycle` |" in told
    assert "| `dispatch` |" in told


def test_a_route_tells_what_it_takes_and_answers() -> None:
    told = reference.http(
        {
            "paths": {
                "/a/{word}": {
                    "get": {
                        "description": "Reads a word.",
                        "parameters": [{"name": "word", "in": "path", "description": "which"}],
                        "responses": {"200": {"description": "The word | its twin"}},
                    }
                }
            }
        }
    )
    assert "## GET /a/{word}" in told
    assert "| `word` | path | which |" in told
    assert "| 200 | The word \\| its twin |" in told


def test_every_setting_has_a_row_and_no_secret_a_value() -> None:
    told = reference_of_running.settings()
    assert [name for name in Settings.model_fields if f"| `SLUICE_{name.upper()}` |" not in told] == []
    assert "| `SLUICE_SECRET_KEY` | secret |  |" in told
    assert "| `SLUICE_PORT` | int | `8000` |" in told


def test_every_subcommand_stands_with_its_arguments_and_options() -> None:
    told = reference_of_running.command_line()
    assert "## sluice rewind" in told
    assert "| `--retry` |  | A number, or all: do it again, now that the cause is mended. |" in told
    assert "| `--concurrency` | `12` | Jobs at the same time. |" in told
    assert "## sluice clock shift" not in told
