"""When a source has been silent for longer than is usual: pure functions of the hours in which it was heard."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

WINDOW = timedelta(weeks=4)
SHORTEST = timedelta(hours=2)
HISTORY = timedelta(days=3)
FEWEST = 12
SLACK = 1.25


def usual_pause(hours: Sequence[datetime]) -> timedelta | None:
    """The pause after which silence is unusual: a quarter more than the longest of the last four weeks, 2 h at least.

    Nights and weekends are among the pauses that were seen, so nobody has to describe them.

    Args: hours: the beginnings of the hours in which something came, ascending, of the last `WINDOW`.
    Returns: None while less than 3 days, or fewer than 12 hours with something in them, are known.
    """
    if len(hours) < FEWEST or hours[-1] - hours[0] < HISTORY:
        return None
    longest = max(later - earlier for earlier, later in pairwise(hours))
    return max(longest * SLACK, SHORTEST)
