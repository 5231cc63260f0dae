"""Fairness in figures: what each got against what was due."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.rules.fairness import Seat, judge, waits


def test_equal_parts_where_all_are_alike():
    fair = judge([Seat(1, 6), Seat(2, 2), Seat(3, 4)])
    assert (fair.total, fair.least, fair.most, fair.off) == (12, 2, 6, 2)
    assert [(part.member_id, part.due) for part in fair.parts] == [(2, 4), (3, 4), (1, 4)]


def test_parts_by_weight():
    fair = judge([Seat(1, 9, weight=3), Seat(2, 3)])
    assert [(part.entitled, part.share) for part in sorted(fair.parts, key=lambda part: part.member_id)] == [
        (0.75, 0.75), (0.25, 0.25),
    ]  # fmt: skip
    assert fair.off == 0


def test_who_got_nothing_starves_only_when_there_and_when_something_was_due():
    fair = judge([Seat(1, 8), Seat(2, 0), Seat(3, 0, here=False), Seat(4, 0, weight=0.01)])
    assert fair.starving == (2,)


def test_no_lead_means_nothing():
    assert judge([]).parts == ()
    assert judge([Seat(1, 0)]).starving == ()
    assert (waits([]).many, waits([]).median) == (0, None)


def test_waits():
    found = waits(timedelta(minutes=n) for n in range(1, 11))
    assert (found.many, found.median, found.p90, found.longest) == (
        10, timedelta(minutes=5, seconds=30), timedelta(minutes=9), timedelta(minutes=10),
    )  # fmt: skip


SEATS = st.lists(st.tuples(st.integers(0, 50), st.floats(0.1, 9), st.booleans()), min_size=1, max_size=8)


@given(SEATS)
def test_what_is_due_adds_up_to_what_there_was(drawn):
    fair = judge(Seat(number, got, weight, here) for number, (got, weight, here) in enumerate(drawn))
    due = fair.total if any(here for _, _, here in drawn) else 0
    assert abs(sum(part.due for part in fair.parts) - due) < 1e-6
