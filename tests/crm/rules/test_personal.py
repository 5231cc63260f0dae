"""Every column that can hold words is known to the erasure of one customer, or why it holds nothing personal."""

import pytest
from sqlalchemy import LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import String

import ops.migrate  # noqa: F401  (all tables belong to the metadata)
from crm.models import Base
from crm.rules import personal

WORDY = {
    f"{table.name}.{column.name}"
    for table in Base.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, (String, JSONB, LargeBinary))
    or isinstance(getattr(column.type, "item_type", None), String)
}
WHOLE = (
    {held.table for held in personal.HELD if not held.erased}
    | {table for table, erased in personal.MENTIONS.items() if erased is None}
    | {personal.FILES}
)
ERASED = {f"{held.table}.{column}" for held in personal.HELD for column in held.erased} | {
    f"{table}.{column}" for table, erased in personal.MENTIONS.items() for column in erased or {}
}
HOW = """
These columns can hold words, and nobody has decided what becomes of them when a customer is erased:
    {columns}
Is what stands there about one customer, found by its lead, person or key? Name the column in a `Held` of
crm/rules/personal.py with what it is set to, or a `Held` without columns if the row shall go.
Does it only mention customers for a while? Name it in MENTIONS there, or in STRUCK for words about other customers.
Is it nothing personal of a customer? Say why in NOT_PERSONAL, for the column or for the whole table.
"""


def decided(column: str) -> bool:
    table = column.partition(".")[0]
    known = table in WHOLE or table in personal.NOT_PERSONAL
    return known or column in ERASED or column in personal.NOT_PERSONAL


def test_every_column_that_can_hold_words_is_decided_about():
    open_ones = sorted(column for column in WORDY if not decided(column))
    assert open_ones == [], HOW.format(columns="\n    ".join(open_ones))


def test_nothing_is_decided_about_that_is_not_there():
    tables = set(Base.metadata.tables)
    columns = {f"{table}.{column.name}" for table in tables for column in Base.metadata.tables[table].columns}
    named = {name for name in personal.NOT_PERSONAL if "." in name} | ERASED
    assert named - columns == set()
    assert {name for name in personal.NOT_PERSONAL if "." not in name} | WHOLE <= tables


def test_no_column_is_both_erased_and_not_personal():
    assert ERASED & set(personal.NOT_PERSONAL) == set()


@pytest.mark.parametrize("reason", sorted(set(personal.NOT_PERSONAL.values())))
def test_a_reason_says_something(reason):
    assert len(reason) > 5


def test_arrays_of_words_are_looked_at_too():
    assert {"lead.tags", "contact_follow.tags"} <= WORDY
    assert isinstance(Base.metadata.tables["lead"].c.tags.type, ARRAY)
