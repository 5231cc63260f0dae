"""Where a dispatch rule stands, as it is kept from one lead to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Cursor:
    """Turns so far, the turn at which each member was dealt last, and how many leads each got.

    Attributes:
        owed: what members are owed under weights, in parts of a turn; below zero: had too much.
        period: in which the branches' parts are counted; `branches` is what each got in it, or what waits for it,
            `branches_owed` what each is owed.
    """

    turn: int = 0
    last: dict[int, int] = field(default_factory=dict)
    dealt: dict[int, int] = field(default_factory=dict)
    owed: dict[int, int] = field(default_factory=dict)
    period: str = ""
    branches: dict[str, int] = field(default_factory=dict)
    branches_owed: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Cursor:
        """From what `state` gave; JSON has turned the ids into words."""
        known = {name: state[name] for name in cls.__slots__ if name in state}
        for name in _BY_MEMBER & known.keys():
            known[name] = {int(member): value for member, value in known[name].items()}
        return cls(**known)

    def state(self) -> dict[str, Any]:
        """As plain data; what is not in use is left out."""
        known = {name: getattr(self, name) for name in self.__slots__}
        for name in _OWED:
            known[name] = {key: owed for key, owed in known[name].items() if owed}
        known["period"] = self.period if self.branches else ""
        return {name: value for name, value in known.items() if value or name in _ALWAYS}

    def begin(self, period: str) -> None:
        """Count the branches' parts anew if another period has begun."""
        if period != self.period:
            self.period, self.branches, self.branches_owed = period, {}, {}

    def took(self, member_id: int) -> None:
        """The member has had this turn."""
        self.turn += 1
        self.last[member_id] = self.turn
        self.dealt[member_id] = self.dealt.get(member_id, 0) + 1


_BY_MEMBER = {"last", "dealt", "owed"}
_OWED = ("owed", "branches_owed")
_ALWAYS = {"turn", "last", "dealt"}
