"""Turns in proportion to weights: within one of the exact share at every moment, and fair to those who come and go."""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.rules.shares import Shares

WEIGHT = st.sampled_from([Decimal(text) for text in ("0.001", "0.5", "1", "1.25", "2", "3", "7", "33.333", "1000")])
WEIGHTS = st.lists(WEIGHT, min_size=1, max_size=9).map(lambda found: dict(enumerate(found)))


def rank(key):
    return 0, str(key).encode()


def nobody(_key):
    return False


class Account:
    """What everybody got and what was due, one turn after the other; what is owed goes through JSON in between."""

    def __init__(self, weights):
        self.weights, self.owed = weights, {}
        self.got, self.due = Counter(), dict.fromkeys(weights, Fraction(0))
        self.furthest = Fraction(0)

    def turns(self, here, many):
        whole = sum(Fraction(self.weights[key]) for key in here)
        shares = Shares({key: self.weights[key] for key in here}, self.owed, rank)
        for _ in range(many):
            key = shares.next(nobody)
            shares.took(key)
            self.got[key] += 1
            self.due |= {one: self.due[one] + Fraction(self.weights[one]) / whole for one in here}
            self.furthest = max(self.furthest, *(abs(self.got[one] - self.due[one]) for one in self.weights))
        shares.settle()
        self.owed = {int(key): owed for key, owed in json.loads(json.dumps(self.owed)).items()}


@pytest.mark.parametrize("chunk", [1, 7, 10_000])
def test_weights_of_one_two_and_three_get_their_sixths_exactly(chunk):
    account = Account({1: Decimal(1), 2: Decimal(2), 3: Decimal(3)})
    for start in range(0, 10_000, chunk):
        account.turns([1, 2, 3], min(chunk, 10_000 - start))
    assert account.got == {1: 1667, 2: 3333, 3: 5000}
    assert account.furthest < 1


@given(WEIGHTS, st.lists(st.integers(1, 40), max_size=6))
def test_with_a_fixed_list_nobody_is_ever_one_turn_away_from_what_is_due(weights, chunks):
    account = Account(weights)
    for many in chunks:
        account.turns(list(weights), many)
    assert account.furthest < 1


SEGMENTS = st.lists(st.tuples(st.sets(st.integers(0, 8), min_size=1), st.integers(1, 8)), max_size=40)


@given(WEIGHTS, SEGMENTS)
def test_whoever_comes_and_goes_gets_within_a_round_what_is_due_while_they_are_there(weights, segments):
    account = Account(weights)
    for wanted, many in segments:
        account.turns(sorted({key % len(weights) for key in wanted}), many)
    assert account.furthest < 2


def test_who_has_been_away_for_long_takes_their_part_and_no_more():
    account = Account({1: Decimal(1), 2: Decimal(1), 3: Decimal(2)})
    account.turns([1, 2, 3], 40)
    account.turns([1, 2], 1000)
    before = Counter(account.got)
    account.turns([1, 2, 3], 20)
    assert account.got[3] - before[3] == pytest.approx(10, abs=1)


def test_another_weight_counts_from_now_on():
    account = Account({1: Decimal(1), 2: Decimal(1)})
    account.turns([1, 2], 99)
    account.weights = {1: Decimal(1), 2: Decimal(1000)}
    before = Counter(account.got)
    account.turns([1, 2], 1001)
    assert account.got[1] - before[1] == pytest.approx(1, abs=1)


def test_who_is_skipped_keeps_the_turn():
    shares = Shares({1: Decimal(5), 2: Decimal(1)}, {}, rank)
    assert shares.next(nobody) == 1
    assert shares.next(lambda key: key == 1) == 2
    assert shares.next(lambda _key: True) is None
    assert shares.next(nobody) == 1


def test_who_leaves_is_passed_over_and_keeps_what_is_owed():
    owed = {}
    shares = Shares({1: Decimal(1), 2: Decimal(1)}, owed, rank)
    shares.took(1)
    shares.leave(2)
    assert [shares.next(nobody), owed[2] > 0] == [1, True]
    assert Shares({1: Decimal(1), 2: Decimal(1)}, owed, rank).next(nobody) == 2
