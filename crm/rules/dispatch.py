"""Dealing leads: who is out of the question and why, and whose turn it is among the rest.

One lead or ten thousand are dealt alike: first the branch whose part is due, if the rule shares leads out among
branches; in it whom the rule prefers; among those whose turn it is by the rule's strategy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from crm.rules.candidate import Candidate
from crm.rules.cursor import Cursor
from crm.rules.facts import LeadFacts
from crm.rules.ruleset import Dispatch, Rules
from crm.rules.shares import Shares
from crm.rules.turns import Skip, Turns, draw, turns

__all__ = ["Candidate", "Cursor", "Rotation", "first_match"]


def _nobody(_one: Candidate) -> bool:
    return False


class Rotation:
    """The turns of one rule among its candidates.

    Args:
        period: the branches' parts are counted within it, and anew in the next.

    Attributes:
        why: by member, why each candidate was out of the question at the beginning; None: was not.
        branch: in whose part the last `next` fell, also when nobody was free there; empty where there are no branches.
    """

    def __init__(self, rule: Dispatch, candidates: Iterable[Candidate], cursor: Cursor, period: str = "ever") -> None:
        self.rule, self.cursor, self.branch = rule, cursor, ""
        named = list(candidates)
        self.why = {one.member_id: _excluded(rule, one) if rule.shares else one.excluded(rule) for one in named}
        self._largest = max((one.capacity or 0 for one in named), default=0) or 1
        able = [one for one in named if self.why[one.member_id] is None]
        self._lines = {branch: self._tiers(branch, able) for branch in rule.shares or ("",)}
        self._branches = self._shared_out(period) if rule.shares else None
        self._line: Turns | None = None

    def next(self, skip: Skip = _nobody, *, branch: str | None = None) -> Candidate | None:
        """Whose turn it is, in whose place nobody else stands; None when there is nobody. Then `took` or `drop`.

        Args:
            skip: who is passed over this time and keeps the turn.
            branch: the lead has waited for this branch and is of its part already.
        """
        if self._branches is None:
            return self._first("", skip)
        if branch in self._lines:
            self.branch = branch
            return self._first(branch, skip)
        return self._of_the_branch_that_is_due(self._branches, skip)

    def took(self, candidate: Candidate, *, counts: bool = True, waited: bool = False) -> None:
        """The one whom `next` gave was dealt the lead.

        Args:
            counts: it fills the capacity; waited: it was of its branch's part already.
        """
        candidate.take(counts=counts)
        self.cursor.took(candidate.member_id)
        if self._line:
            self._line.took(candidate)
        if not waited:
            self._count()

    def waits(self) -> None:
        """The lead is of the part of `branch` and waits for it."""
        self._count()

    def drop(self, candidate: Candidate) -> None:
        """The one whom `next` gave turned out to be full."""
        if self._line:
            self._line.drop(candidate)

    def settle(self) -> None:
        """Bring the cursor up to date before it is kept."""
        for line in chain.from_iterable(self._lines.values()):
            line.settle()
        if self._branches:
            self._branches.settle()

    def _tiers(self, branch: str, able: Sequence[Candidate]) -> list[Turns]:
        """Those who meet the first preference, those who meet the second, ..., the others."""
        mine = [one for one in able if branch_of(self.rule, one) == branch] if branch else able
        if not self.rule.to.prefer:
            return [turns(self.rule, mine, self.cursor, largest=self._largest)]
        tiers: dict[int, list[Candidate]] = {}
        for one in mine:
            tiers.setdefault(one.tier(self.rule), []).append(one)
        return [turns(self.rule, tiers[tier], self.cursor, largest=self._largest) for tier in sorted(tiers)]

    def _shared_out(self, period: str) -> Shares[str]:
        self.cursor.begin(period)
        rule, owed = self.rule, self.cursor.branches_owed
        return Shares(rule.shares, owed, lambda branch: (0, draw(rule.name, branch)))

    def _of_the_branch_that_is_due(self, branches: Shares[str], skip: Skip) -> Candidate | None:
        falls_over, passed = self.rule.full_branch == "fall_over", set[str]()
        for branch in self._lines if falls_over else ():
            if self._first(branch, _nobody) is None:
                branches.leave(branch)
        while (due := branches.next(passed.__contains__)) is not None:
            self.branch = due
            found = self._first(due, skip)
            if found is not None or not falls_over:
                return found
            passed.add(due)
        self.branch = ""
        return None

    def _first(self, branch: str, skip: Skip) -> Candidate | None:
        for line in self._lines[branch]:
            found = line.next(skip)
            if found is not None:
                self._line = line
                return found
        return None

    def _count(self) -> None:
        if self._branches and self.branch:
            self._branches.took(self.branch)
            self.cursor.branches[self.branch] = self.cursor.branches.get(self.branch, 0) + 1


def branch_of(rule: Dispatch, candidate: Candidate) -> str:
    """The nearest department above the candidate that has a share in the rule; empty if there is none."""
    return next((key for key in reversed(candidate.departments) if key in rule.shares), "")


def _excluded(rule: Dispatch, candidate: Candidate) -> str | None:
    """Why the candidate is out of the question; also when none of the branches is the candidate's."""
    found = candidate.excluded(rule)
    return "condition_not_met" if found is None and rule.shares and not branch_of(rule, candidate) else found


def first_match(rules: Rules, facts: LeadFacts) -> Dispatch | None:
    """The first rule whose condition holds for the lead."""
    return next((rule for rule in rules.dispatch if rule.when.holds(facts)), None)
