"""Chinese text in charts is made of glyphs, seen in the pixels."""

import pytest
import resvg_py

from bot.charts_font import FAMILY, font_path

# A private-use code point: no font has a glyph for it, so it shows what "missing" looks like.
MISSING = "\ue123"


def drawn(text: str, *, font: str) -> bytes:
    words = f'<text y="30" font-size="24">{text}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40">{words}</svg>'
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, skip_system_fonts=True, font_files=[font], font_family=FAMILY, sans_serif_family=FAMILY
        )
    )


@pytest.mark.parametrize("character", "客户线索公海跟进回收漏斗张李王赵￥，。Aé9")
def test_every_character_has_a_glyph_of_its_own(character: str) -> None:
    picture = drawn(character, font=font_path())
    assert picture not in {drawn(MISSING, font=font_path()), drawn("", font=font_path())}


def test_two_characters_look_different() -> None:
    assert drawn("客", font=font_path()) != drawn("户", font=font_path())
