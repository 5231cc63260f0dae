"""Charts: the figures are in the picture, and Chinese is Chinese, not empty boxes."""

import struct
import zlib
from dataclasses import replace

import pytest
import resvg_py

from bot.charts import draw
from bot.charts.model import Bar, Chart, Delta, Flow, Words
from bot.charts_font import FAMILY, font_path

CHART = Chart(
    "North · funnel", "2 – 8 March",
    (
        Bar("Entered", 128, 110, "", Delta("+18", "up")), Bar("Contacted", 96, 99, "75%", Delta("-3", "down")),
        Bar("Won", 7, 7, "7%", good=True),
    ),
    Words("of the step before", "the period before", "Pools", "in", "out", "now"), "Lost: 4",
    (("To the first touch", "1 h"),), (Flow("Open pool", 24, 18, 1143),),
)  # fmt: skip


def pixels(png: bytes) -> bytes:
    """The unfiltered bytes of a PNG, enough to compare pictures."""
    body, at = b"", 8
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return zlib.decompress(body)


def glyph(text: str) -> bytes:
    """One text, drawn as the charts draw it."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><text x="5" y="30" font-size="28"'
        f' font-family="{FAMILY}">{text}</text></svg>'
    )
    return pixels(bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=[font_path()])))


def test_a_chart_is_a_png_twice_as_wide_as_shown() -> None:
    png = draw.png(CHART)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">I", png[16:20])[0] == draw.WIDTH * 2


def test_every_figure_and_word_is_in_the_picture() -> None:
    svg = draw.svg(CHART)
    words = (
        "Entered",
        "128",
        "75%",
        "+18",
        "-3",
        "Lost: 4",
        "1 h",
        "Open pool",
        "24",
        "18",
        "1,143",
        "the period before",
    )
    assert [word for word in words if f">{word}<" not in svg] == []


@pytest.mark.parametrize("letter", list("漏斗线索公海转化率成交输单王芳，。（"))
def test_chinese_letters_are_drawn_and_are_no_boxes(letter: str) -> None:
    missing, empty = glyph("\U0010fffd"), glyph(" ")
    assert glyph(letter) not in (missing, empty)


def test_different_chinese_letters_look_different() -> None:
    assert len({glyph(letter) for letter in "漏斗线索公海成交"}) == 8


def test_a_chinese_title_changes_the_picture() -> None:
    first, second = (replace(CHART, title=title) for title in ("上海组的漏斗", "杭州组的漏斗"))
    assert pixels(draw.png(first)) != pixels(draw.png(second))


def test_equal_charts_are_drawn_once() -> None:
    assert draw.png(replace(CHART)) is draw.png(CHART)


def test_names_cannot_break_the_picture() -> None:
    hostile = replace(CHART, title="</text><script>&", flows=(Flow('"<>&' * 30, 1, 0, 1),))
    assert draw.png(hostile).startswith(b"\x89PNG")
    assert "<script>" not in draw.svg(hostile)


@pytest.mark.parametrize(
    "chart",
    [
        pytest.param(replace(CHART, bars=tuple(Bar(bar.label, 0, 0) for bar in CHART.bars)), id="nothing happened"),
        pytest.param(
            replace(CHART, bars=(Bar("Entered", 3, None),), flows=(), notes=(), lost=""), id="nothing to compare"
        ),
        pytest.param(replace(CHART, bars=(Bar("Entered", 1, 4_000_000),)), id="a collapse"),
    ],
)
def test_odd_figures_still_make_a_picture(chart: Chart) -> None:
    assert draw.png(chart).startswith(b"\x89PNG")
    assert "nan" not in draw.svg(chart).lower()


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("Open pool", 18, "Open pool"),
        ("华东公海池的一个很长的名字", 10, "华东公海…"),
        ("A very long pool name", 10, "A very lo…"),
    ],
)
def test_long_names_are_cut_by_the_width_of_their_letters(text: str, room: int, shown: str) -> None:
    assert draw.cut(text, room) == shown
