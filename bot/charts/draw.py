"""From a chart to a picture: places worked out here, SVG written by a template, pixels by resvg.

Text is set in the one font that the package brings, with system fonts left out: a machine without Chinese fonts would
else draw empty boxes and say nothing.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import resvg_py
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.charts.model import Bar, Chart
from bot.charts_font import FAMILY, font_path

WIDTH = 720
SCALE = 2
LABEL_X, BAR_X, BAR_WIDTH, RATE_X = 28, 150, 310, 572
HEAD, STEP, BAR_HEIGHT = 116, 46, 26
FLOW_HEAD, FLOW_STEP, FLOW_AXIS, FLOW_WIDTH = 62, 32, 330, 150

_templates = Environment(
    loader=PackageLoader("bot.charts", "."),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@lru_cache(maxsize=64)
def png(chart: Chart) -> bytes:
    """The chart as PNG, twice as large as it is shown; equal charts are drawn once."""
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg(chart),
            zoom=SCALE,
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[font_path()],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
        )
    )


def svg(chart: Chart) -> str:
    """The chart as SVG text."""
    top = max([1, *(max(bar.count, bar.before or 0) for bar in chart.bars)])
    widest = max([1, *(max(flow.inflow, flow.outflow) for flow in chart.flows)])
    notes_y = HEAD + STEP * len(chart.bars)
    flows_y = notes_y + (54 if chart.notes or chart.lost else 6)
    flows_height = FLOW_HEAD + FLOW_STEP * len(chart.flows) if chart.flows else 0
    return _templates.get_template("funnel.svg.j2").render(
        chart=chart, width=WIDTH, height=flows_y + flows_height + 14, label_x=LABEL_X, bar_x=BAR_X, bar_width=BAR_WIDTH,
        rate_x=RATE_X, bar_height=BAR_HEIGHT, rows=[_row(bar, top, index) for index, bar in enumerate(chart.bars)],
        notes_y=notes_y, flows_y=flows_y, axis=FLOW_AXIS, flow_step=FLOW_STEP, flow_head=FLOW_HEAD,
        flow_unit=FLOW_WIDTH / widest, cut=cut,
    )  # fmt: skip


def cut(text: str, room: int) -> str:
    """A name cut to so many narrow characters' width; Chinese ones count twice."""
    used = 0
    for place, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > room:
            return text[: max(place - 1, 1)].rstrip() + "…"
    return text


def _row(bar: Bar, top: int, index: int) -> dict[str, object]:
    length = bar.count / top * BAR_WIDTH
    return {
        "bar": bar, "y": HEAD + index * STEP, "length": max(length, 3 if bar.count else 0),
        "inside": length > 64, "mark": None if bar.before is None else bar.before / top * BAR_WIDTH,
    }  # fmt: skip
