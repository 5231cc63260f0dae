"""What `sluice doctor` has found about one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Args: name: what should hold; cure: what to do where it does not."""

    name: str
    ok: bool
    cure: str
