"""Lists as parameters reach the database as they are."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import text

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("bigint", [1, -2, 3_000_000_000, 1]),
        ("bigint", [1, None, 2]),
        ("bigint", []),
        ("bigint", [None]),
        ("text", ["", "a", "a", 'a "quoted" one', "back\\slash", "{brace},", "null", "NULL", "线索", " ", None]),
        ("timestamptz", [NOW, NOW + timedelta(hours=1), None, NOW]),
        ("timestamptz", [NOW, NOW.astimezone(timezone(timedelta(hours=8)))]),
        ("date", [date(2026, 2, 28), date(2026, 2, 28), None]),
        ("boolean", [True, False, True]),
        ("numeric", [Decimal("1.0"), Decimal("1.00")]),
        ("double precision", [1.5, 0.1]),
    ],
)
def test_a_list_arrives_as_it_was_given(database, kind, given):
    with database.begin() as uow:
        arrived = uow.session.scalar(text(f"select cast(:given as {kind}[])"), {"given": given})
    assert list(map(str, arrived)) == list(map(str, _in_utc(given)))


def test_lists_of_lists_keep_their_shape(database):
    with database.begin() as uow:
        assert uow.session.scalar(text("select cast(:given as int[])"), {"given": [[1, 2], [3, 4]]}) == [[1, 2], [3, 4]]


def _in_utc(given):
    return [one.astimezone(UTC) if isinstance(one, datetime) else one for one in given]
