"""Words that people typed stay words."""

import re

import pytest

from bot.cards.model import Card, Field, Fields
from bot.platforms import wecom_body
from bot.platforms.wecom_text import inert, line, within
from tests.bot.platforms.wecom_kit import EMOJI, HOSTILE

LIVE = re.compile(r"[<>\[\]`]|\*\*|(?m:^\s*#)|@(?i:all)|@所有人|://|(?i:www\.)|&#?\w+;|[\u202a-\u202e\u200b\x00]")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_can_mention_link_format_or_hide(text: str) -> None:
    assert not LIVE.search(inert(f"王芳 {text} 说\n{text}"))


def test_masked_numbers_addresses_and_names_still_read_as_they_were() -> None:
    assert inert("138••••0000, ann@allianz.example, R&D 部 #3, 李雷 & 韩梅梅") == (
        "138••••0000, ann@allianz.example, R&D 部 #3, 李雷 & 韩梅梅"
    )


def test_a_line_has_no_breaks_and_keeps_its_limit_with_emoji() -> None:
    assert line("a\n\n  b\tc") == "a b c"
    assert len(line(EMOJI * 20, 10).encode("utf-16-le")) // 2 <= 10


@pytest.mark.parametrize("unit", ["x", "汉", EMOJI])
@pytest.mark.parametrize("limit", [40, 500, 2048])
def test_lines_never_exceed_their_bytes_and_the_tail_survives(unit: str, limit: int) -> None:
    text = within([unit * n for n in range(200)], limit, ["⌨ claim L-1"])
    assert len(text.encode()) <= limit
    assert text.endswith("⌨ claim L-1")


def test_one_endless_line_is_cut_rather_than_lost() -> None:
    text = within(["汉" * 5000], 2048)
    assert text.startswith("汉汉")
    assert 2040 < len(text.encode()) <= 2048


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/intake/trade-fair", "https://crm.example.com/intake/a-1"])
def test_an_address_of_ours_is_shown_as_it_is(address: str) -> None:
    card = Card("Key", (Fields((Field("Address", address, ours=True),)),))
    assert address in wecom_body.markdown(card, 2048)
    assert address in wecom_body.plain(card)


@pytest.mark.parametrize("typed", ["[x](http://evil.example)", "http://evil.example/<a>", "see http://evil.example"])
def test_what_is_no_plain_address_stays_inert_even_as_ours(typed: str) -> None:
    card = Card("Key", (Fields((Field("Address", typed, ours=True), Field("Note", "http://evil.example"))),))
    assert "://" not in wecom_body.markdown(card, 2048)
