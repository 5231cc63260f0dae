"""Whether the database can be spread over several by organization, as docs/scaling.md says: what each table and each
statement would have to be for that, and the few that are known not to be."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from sqlalchemy import Index, Table, TextClause, UniqueConstraint

import bot
import crm
import webhooks
from crm.models import Base
from ops.migrations.versions import TENANT_EXEMPT

TABLES = Base.metadata.tables
TENANT = {name: table for name, table in TABLES.items() if "org_id" in table.columns and name not in TENANT_EXEMPT}
# Small, read by all, and there on every machine: what a foreign key may point to besides tables of the same tenant.
EVERYWHERE = {"organization", "workspace"}
# Unique beyond one organization: words in addresses, and who somebody is in a workspace, which belongs to one anyway.
BEYOND = {("form", "word"), ("event", "word"), ("chat_identity", "workspace_id, external_id")}
_END = r"\b(?:left|right|inner|cross|full|join|where|group|order|union|limit|returning|for|on conflict|select|having)\b"
_JOIN = re.compile(rf"\bjoin\s+(\w+)(?:\s+(?:as\s+)?\w+)?\s+(?:on|using)\b(.*?)(?={_END}|$)", re.DOTALL | re.IGNORECASE)


def uniques(table: Table) -> Iterator[list[str]]:
    """The columns of everything that is unique in a table."""
    yield [column.name for column in table.primary_key.columns]
    for made in (*table.constraints, *table.indexes):
        if isinstance(made, UniqueConstraint) or (isinstance(made, Index) and made.unique):
            yield [getattr(column, "name", str(column)) for column in getattr(made, "expressions", made.columns)]


def statements() -> Iterator[tuple[str, str]]:
    """Every statement that a module of ours keeps, by its name."""
    for package in (crm, bot, webhooks):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, TextClause):
                    yield f"{found.name}.{name}", str(value)


def test_what_is_unique_is_so_within_an_organization() -> None:
    found = {
        (name, ", ".join(columns))
        for name, table in TENANT.items()
        for columns in uniques(table)
        if columns[0].split(".")[-1] != "org_id"
    }
    assert found == BEYOND


def test_rows_of_an_organization_point_to_its_own_only() -> None:
    wrong = [
        (name, key.referred_table.name)
        for name, table in TENANT.items()
        for key in table.foreign_key_constraints
        if key.referred_table.name not in EVERYWHERE and "org_id" not in key.column_keys
    ]
    assert wrong == []


def test_what_has_no_organization_is_known_by_name() -> None:
    assert set(TABLES) - set(TENANT) - TENANT_EXEMPT == set()


def test_no_statement_joins_across_organizations() -> None:
    joins = [(name, *found) for name, words in statements() for found in _JOIN.findall(words) if found[0] in TENANT]
    assert len(joins) > 200
    assert [(name, table) for name, table, on in joins if "org_id" not in on and ":org" not in on] == []
