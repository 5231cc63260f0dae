"""How often a trial is repeated: a few times in every run, as often as PROMISES say with `make chaos`."""

import os


def rounds(*, short: int, full: int) -> int:
    """`short` in `make test`, `full` in `make chaos`."""
    return full if os.environ.get("SLUICE_CHAOS") == "full" else short
