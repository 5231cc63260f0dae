"""A migration runs while people work: what would keep them waiting, or break the processes before it, is refused.

Each migration since the last release is written out as SQL and read. What it may not do to a table that was there
before: build an index under a lock, add a column that has to be filled, check old rows while nobody may write.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from ops import migrate
from tests.promises.released import REVISION

FOLDER = Path(migrate.__file__).parent / "migrations"
SINCE = sorted(path.stem for path in (FOLDER / "versions").glob("0*.py") if path.name[:4] > REVISION)
# Built under a lock, before this was the rule; tests/promises/test_upgrade.py measures how long that keeps people.
MEASURED = {"ix_source_silent", "ix_person_firm", "ix_person_sound", "ix_person_unheard", "ix_activity_xact"}
_FLAGS = re.IGNORECASE | re.MULTILINE
_TABLE = r"(?:if (?:not )?exists )?(?:only )?\"?(\w+)\"?"
_MADE = re.compile(rf"^\s*create table {_TABLE}", _FLAGS)
_INDEX = re.compile(rf"^\s*create (?:unique )?index (concurrently )?(?:if not exists )?\"?(\w+)\"? on {_TABLE}", _FLAGS)
_CHANGE = re.compile(rf"^\s*alter table {_TABLE}\s+([^;]*)", _FLAGS)
# Nobody waits for whoever builds an index beside the work, who may wait, too; afterwards it is as before.
_PATIENT = re.compile(
    r"^\s*set lock_timeout = 0;(?:\s*(?:create|drop) (?:unique )?index concurrently [^;]*;|\s*analyze \w+;)*"
    r"\s*set lock_timeout = '5s';", _FLAGS,
)  # fmt: skip
_REFUSED = {
    r"\badd column\b(?!.*\bdefault\b).*\bnot null\b": "old rows lack it: nullable, or with a default",
    r"\badd column\b.*\bdefault\b.*(?:random\(|gen_random_uuid|clock_timestamp|nextval)": "such a default rewrites it",
    r"\badd column\b.*\bgenerated\b": "a column that is worked out rewrites it",
    r"\badd constraint\b(?!.*\bnot valid\b)(?!.*\busing index\b)": "a constraint is added not valid, and checked later",
    r"\bset not null\b": "it is read from end to end under a lock: add a check that is not valid, and validate it",
    r"\bset data type\b|\balter column \w+ type\b": "it is written anew",
    r"\bdrop column\b|\brename\b": "processes of the version before use it still",
}  # fmt: skip


def written(name: str) -> str:
    """A migration as SQL."""
    told = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": told})
    with Operations.context(context):
        importlib.import_module(f"ops.migrations.versions.{name}").upgrade()
    return told.getvalue()


def wrong(sql: str) -> Iterator[str]:
    """What a migration may not do, each with the table or index."""
    made = {table.lower() for table in _MADE.findall(sql)}
    for concurrently, index, table in _INDEX.findall(sql):
        if table.lower() not in made and not concurrently and index not in MEASURED:
            yield f"{index}: build it concurrently, in a migration of its own"
    for table, change in _CHANGE.findall(sql):
        for pattern, why in _REFUSED.items():
            if table.lower() not in made and re.search(pattern, " ".join(change.split()), re.IGNORECASE):
                yield f"{table}: {why}"
    if re.search(r"^\s*drop table", sql, _FLAGS):
        yield "a table: processes of the version before use it still"
    if re.search(r"lock_timeout", _PATIENT.sub("", sql), re.IGNORECASE):
        yield "lock_timeout: whoever migrates has set it, so that nobody waits for long"


@pytest.mark.parametrize("name", SINCE)
def test_a_migration_keeps_nobody_waiting(name: str) -> None:
    sql = written(name)
    assert sql.strip()
    assert list(wrong(sql)) == []


@pytest.mark.parametrize(
    ("sql", "about"),
    [
        ("CREATE INDEX ix_lead_x ON lead (org_id, x);", "ix_lead_x"),
        ('create unique index if not exists "uq_x" on only person (x)', "uq_x"),
        ("ALTER TABLE lead ADD COLUMN x TEXT NOT NULL;", "lead"),
        ("alter table lead\n    add column x uuid default gen_random_uuid() not null", "lead"),
        ("ALTER TABLE lead ADD CONSTRAINT fk_x FOREIGN KEY(org_id) REFERENCES pool (id);", "lead"),
        ("ALTER TABLE lead ALTER COLUMN x SET NOT NULL;", "lead"),
        ("ALTER TABLE lead ALTER COLUMN x TYPE BIGINT;", "lead"),
        ("ALTER TABLE lead DROP COLUMN x;", "lead"),
        ("ALTER TABLE lead RENAME x TO y;", "lead"),
        ("DROP TABLE lead;", "a table"),
        ("SET lock_timeout = 0;", "lock_timeout"),
        ("set lock_timeout = 0;\nalter table lead add column x text;\nset lock_timeout = '5s';", "lock_timeout"),
    ],
)
def test_what_would_keep_people_waiting_is_found(sql: str, about: str) -> None:
    assert [each.partition(":")[0] for each in wrong(sql)] == [about]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE hook (id BIGINT NOT NULL);\n\nCREATE INDEX ix_hook ON hook (id);",
        "CREATE INDEX CONCURRENTLY ix_lead_x ON lead (org_id, x);",
        "set lock_timeout = 0;\ncreate index concurrently ix on lead (x);\nanalyze lead;\nset lock_timeout = '5s';",
        "ALTER TABLE lead ADD COLUMN x TEXT;",
        "ALTER TABLE lead ADD COLUMN x BOOLEAN DEFAULT false NOT NULL;",
        "ALTER TABLE lead ADD CONSTRAINT ck_x CHECK (x > 0) NOT VALID;",
        "ALTER TABLE lead VALIDATE CONSTRAINT ck_x;",
    ],
)
def test_what_keeps_nobody_waiting_is_let_through(sql: str) -> None:
    assert list(wrong(sql)) == []
