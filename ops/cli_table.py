"""Tables of the command line: nothing that somebody may want to copy is cut off, however narrow the terminal is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ops.cli_frame import out

_ENDLESS = 100_000


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], *, whole: str, to: Console = out) -> None:
    """Print a table; text may hold markup.

    Args:
        whole: the column of the keys, which stay on one line; others are folded where there is no room. Where nobody
            looks on, in a file or a pipe, no line is folded at all.
    """
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == whole)
    for row in rows:
        table.add_row(*row)
    if not to.is_terminal:
        wide = Measurement.get(to, to.options.update(max_width=_ENDLESS), table).maximum
        to = Console(file=to.file, width=wide)
    to.print(table, highlight=False)
