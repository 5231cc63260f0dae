"""`python -m bench [NAME ...] [--scale 0.01]`: one table of figures, each against a reference of the same run.

Every run adds a line to `history.jsonl` in this folder, which git leaves alone: what was measured, when, and how busy
the machine was.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

import bench
from bench.frame import Env, Figure
from crm import clock
from ops.embedded import Engines

# As a server with a million leads is set: the demo's few hundred ask for less.
SERVER = {"shared_buffers": "2GB", "max_wal_size": "8GB"}
HISTORY = Path(__file__).with_name("history.jsonl")
MARKS = {True: "[green]reached[/green]", False: "[red]missed[/red]", None: ""}


Bench = Callable[[Env], list[Figure]]


def main() -> int:
    """Run the benches asked for, or all. Exit code 1 when a target was missed."""
    wanted, scale = _asked()
    return measure([module.run for module in _benches(wanted)], scale)


def measure(runs: Iterable[Bench], scale: float) -> int:
    """Run benches on engines of their own, print and remember what they found. Returns 1 when a target was missed."""
    out = Console()
    load = os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="sluice-bench-"))
    try:
        with Engines(folder, settings=SERVER) as sockets:
            env = Env(sockets, scale, say=lambda words: out.print(words, style="dim"))
            try:
                figures = [figure for run in runs for figure in run(env)]
            finally:
                env.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out.print(_table(figures))
    _remember(figures, scale, load)
    return int(any(figure.reached is False for figure in figures))


def _asked() -> tuple[set[str], float]:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", help="benches by name; all without")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the large company, 1.0 for a million leads")
    given = parser.parse_args()
    return set(given.names), given.scale


def _benches(wanted: set[str]) -> Iterable[ModuleType]:
    """The modules of this folder that have a `run`."""
    for found in pkgutil.iter_modules(bench.__path__):
        if found.name.startswith("_") or (wanted and found.name not in wanted):
            continue
        module = importlib.import_module(f"bench.{found.name}")
        if hasattr(module, "run"):
            yield module


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "measured", "reference", "ratio", "target", "", box=None, header_style="bold")
    for figure in figures:
        sign = "≤" if figure.bound == "at_most" else "≥"
        table.add_row(
            figure.name,
            f"{figure.value:,.2f} {figure.unit}",
            "" if figure.reference is None else f"{figure.reference:,.2f} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.target is None else f"{sign} {figure.target:g}",
            MARKS[figure.reached],
        )
    return table


def _remember(figures: list[Figure], scale: float, load: float) -> None:
    """Args: load: of the machine before the run."""
    taken = {figure.name: [round(figure.value, 3), figure.ratio and round(figure.ratio, 3)] for figure in figures}
    line = {"at": clock.wall().isoformat(timespec="seconds"), "scale": scale, "load": round(load, 2), "figures": taken}
    with HISTORY.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
